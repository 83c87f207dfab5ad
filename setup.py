"""Installs the package with colcon, bloom or pip."""

import re
import sys
from glob import glob
from pathlib import Path

from setuptools import find_packages, setup

PACKAGE = "lprnet_ros"
URL = "https://github.com/nodehubs/lprnet_ros"

# where the wheel is shown no link of the README leads anywhere but to the repository
README = re.sub(
    r"(!?)\[([^]]*)\]\((?!https:)",
    lambda found: f"{found[1]}[{found[2]}]({URL}/{'raw' if found[1] else 'blob'}/main/",
    Path("README.md").read_text(encoding="utf-8"),
)

# Wheels, so pip, ask for their libraries by these names.  colcon and bloom's Debian build run this
# file as a program, and there package.xml names them: a program that such a build installed ends in
# DistributionNotFound, once any library imports pkg_resources, if a name is asked for that apt does
# not know, and apt's python3-opencv knows none.
IS_WHEEL = "setuptools.build_meta" in sys.modules
PIP_REQUIREMENTS = [
    "numpy>=1.21,<3",
    "opencv-python-headless>=4.5,<5",
    "PyYAML>=5.4",
    # 1.18 is the first that loads lprnet_int8.onnx (version 5 of the operators ai.onnx.ml);
    # boards read with their BPU; ask for the extra "onnx" to have it there too
    "onnxruntime>=1.18,<2; platform_machine != 'aarch64'",
]

setup(
    name=PACKAGE,
    version="0.1.0",
    packages=find_packages(include=[PACKAGE, f"{PACKAGE}.*"]),
    package_data={PACKAGE: ["py.typed", "images/assets/*.png", "plates/*/*.yaml", "web/assets/*"]},
    data_files=[
        ("share/ament_index/resource_index/packages", [f"resource/{PACKAGE}"]),
        (f"share/{PACKAGE}", ["package.xml"]),
        (f"share/{PACKAGE}/launch", glob("launch/*.launch.py")),
        (f"share/{PACKAGE}/config", glob("config/*.*")),
        (f"share/{PACKAGE}/config/hb_mapper", glob("config/hb_mapper/*.yaml")),
        (f"share/{PACKAGE}/config/security", glob("config/security/*.xml")),
        (f"share/{PACKAGE}/models", sorted(glob("models/*"))),
    ],
    python_requires=">=3.10",
    install_requires=PIP_REQUIREMENTS if IS_WHEEL else [],
    extras_require={
        "completion": ["argcomplete>=3.1,<4"],
        "onnx": ["onnxruntime>=1.18,<2"],
        # ROS 2 Jazzy as Python wheels, for machines without a ROS installation
        "ros": [
            "ros-jazzy-rclpy",
            "ros-jazzy-rmw-fastrtps-cpp",
            "ros-jazzy-sensor-msgs",
            "ros-jazzy-std-msgs",
            "ros-jazzy-diagnostic-msgs",
            "ros-jazzy-lifecycle-msgs",
            "ros-jazzy-rcl-interfaces",
        ],
        # 0.11.7 is the first that takes zstd from where Python 3.14 has it
        "bags": ["rosbags>=0.11.7,<0.12"],
        "web": ["aiohttp>=3.8,<4"],  # as apt's python3-aiohttp, which Ubuntu 22.04 has in 3.8
        "training": [
            "torch>=2.2,<3",
            "onnx>=1.15,<2",
            "pillow>=9,<13",
            "tqdm>=4.60,<5",
            "matplotlib>=3.6,<4",
            "cvttf-notosanscjk-bold==1.0",
        ],
        "test": [
            "argcomplete>=3.1,<4",
            "pytest>=7,<9",
            "pytest-xdist>=3.3,<4",
            "hypothesis>=6.80,<7",
            "psutil>=5.8,<8",
            "rosbags>=0.11.7,<0.12",
            "aiohttp>=3.8,<4",
        ],
        "lint": ["ruff>=0.8,<1", "mypy>=1.11,<3", "types-PyYAML"],
    },
    zip_safe=True,
    maintainer="The lprnet_ros developers",
    maintainer_email="lprnet_ros@users.noreply.github.com",
    description="Reads licence plates from image topics: LPRNet on the RDK X5's BPU, or on any CPU",
    long_description=README,
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    url=URL,
    project_urls={
        "Documentation": f"{URL}/tree/main/docs",
        "Changelog": f"{URL}/blob/main/CHANGELOG.rst",
    },
    keywords=["ALPR", "ANPR", "licence plate", "license plate", "LPRNet", "RDK X5", "ROS 2", "车牌识别"],
    classifiers=[
        "Development Status :: 4 - Beta",
        "Intended Audience :: Developers",
        "Operating System :: POSIX :: Linux",
        *(f"Programming Language :: Python :: 3.{minor}" for minor in range(10, 14)),
        "Topic :: Scientific/Engineering :: Image Recognition",
        "Typing :: Typed",
    ],
    entry_points={
        "console_scripts": [
            "lpr_node = lprnet_ros.ros.nodes.lpr_node:main",
            "plate_cropper = lprnet_ros.ros.nodes.plate_cropper:main",
            "plate_page = lprnet_ros.ros.nodes.plate_page:main",
            "plate_player = lprnet_ros.ros.nodes.plate_player:main",
            "plate_recorder = lprnet_ros.ros.nodes.plate_recorder:main",
            "frame_player = lprnet_ros.ros.nodes.frame_player:main",
            "lpr_read = lprnet_ros.cli.read:main",
            "lpr_evaluate = lprnet_ros.cli.evaluate:main",
            "lpr_benchmark = lprnet_ros.cli.benchmark:main",
            "lpr_board = lprnet_ros.cli.board:main",
            "lpr_quantize = lprnet_ros.cli.quantize:main",
            "lpr_compile = lprnet_ros.cli.compile:main",
            "lpr_calibrate = lprnet_ros.cli.calibrate:main",
            "lpr_model = lprnet_ros.cli.model:main",
            "lpr_train = lprnet_ros.cli.train:main",
            "lpr_average = lprnet_ros.cli.average:main",
            "lpr_export = lprnet_ros.cli.export:main",
            "lpr_confidence = lprnet_ros.cli.confidence:main",
        ],
    },
)
