# A PC with ROS 2 Humble: nodes, launch files, commands and the Python API, on the CPU.  Never built by this
# project, which has no Docker daemon; hadolint finds nothing in it.
#
#   docker build --file docker/pc.Dockerfile --tag lprnet_ros .
#   docker run --rm --volume "$PWD:/data:ro" lprnet_ros lpr_read /data/photo.jpg
#   docker run --rm --network host --ipc host lprnet_ros ros2 launch lprnet_ros lpr.launch.py image_topics:=/gate/crop
FROM ros:humble-ros-base-jammy AS build
SHELL ["/bin/bash", "-c"]
COPY . /source
RUN source /opt/ros/humble/setup.bash && colcon build --base-paths /source --merge-install --install-base /opt/lprnet_ros

FROM ros:humble-ros-base-jammy
SHELL ["/bin/bash", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        python3-numpy python3-opencv python3-pip python3-yaml ros-humble-cv-bridge ros-humble-vision-msgs \
    && pip install --no-cache-dir onnxruntime==1.23.2 numpy==1.26.4 aiohttp==3.14.5 rosbags==0.11.9 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 1000 lpr
COPY --from=build /opt/lprnet_ros /opt/lprnet_ros
USER 1000
WORKDIR /home/lpr
ENV PATH=/opt/lprnet_ros/lib/lprnet_ros:$PATH
ENTRYPOINT ["/bin/bash", "-c", "source /opt/lprnet_ros/setup.bash && exec \"$@\"", "--"]
CMD ["lpr_read", "--help"]
