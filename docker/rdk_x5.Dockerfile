# An RDK X5: Ubuntu 22.04 for arm64 with ROS 2 Humble, the same as below the board's TROS.  Never built or run by
# this project, which has neither a Docker daemon nor a board; hadolint finds nothing in it.
#
#   docker build --file docker/rdk_x5.Dockerfile --tag lprnet_ros_x5 .
#
# The BPU's libraries belong to the board's system and are lent to the container; without them the CPU reads.  Where
# hbm_runtime lies, say:  python3 -c "import hbm_runtime; print(hbm_runtime.__file__)"
#
#   docker run --rm --privileged --network host --ipc host --volume /usr/hobot:/usr/hobot:ro \
#       --volume FOLDER/hbm_runtime:/opt/board/hbm_runtime:ro \
#       --env PYTHONPATH=/opt/board --env LD_LIBRARY_PATH=/usr/hobot/lib \
#       lprnet_ros_x5 ros2 launch lprnet_ros lpr.launch.py image_topics:=/gate/crop
FROM arm64v8/ros:humble-ros-base-jammy AS build
SHELL ["/bin/bash", "-c"]
COPY . /source
RUN source /opt/ros/humble/setup.bash && colcon build --base-paths /source --merge-install --install-base /opt/lprnet_ros

FROM arm64v8/ros:humble-ros-base-jammy
SHELL ["/bin/bash", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        python3-numpy python3-opencv python3-pip python3-yaml ros-humble-cv-bridge ros-humble-vision-msgs \
    && pip install --no-cache-dir onnxruntime==1.23.2 numpy==1.26.4 aiohttp==3.14.5 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 --groups video lpr
COPY --from=build /opt/lprnet_ros /opt/lprnet_ros
USER 1000
WORKDIR /home/lpr
ENV PATH=/opt/lprnet_ros/lib/lprnet_ros:$PATH
ENTRYPOINT ["/bin/bash", "-c", "source /opt/lprnet_ros/setup.bash && exec \"$@\"", "--"]
CMD ["ros2", "launch", "lprnet_ros", "lpr.launch.py", "--show-args"]
