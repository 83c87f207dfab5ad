# Each target sets itself up in .venv; a machine needs Python 3.10 or later, venv and make.
# On a sourced ROS 2 its rclpy is used, else ROS 2 Jazzy is installed as Python wheels.

PYTHON ?= python3
VENV := .venv
BOARD := .venv-board
RUN := $(VENV)/bin/python
IMAGES ?= demo/crops
HAS_ROS := $(shell $(PYTHON) -c "import rclpy" 2>/dev/null && echo yes)

ifeq ($(HAS_ROS),yes)
VENV_OPTIONS := --system-site-packages
EXTRAS := test
# ROS is compiled for this numpy: pip must not bring the next major version
NUMPY := $(shell $(PYTHON) -c "import numpy; print('numpy<%d' % (int(numpy.__version__.split('.')[0]) + 1))")
else
EXTRAS := test,ros
endif

export ROS_AUTOMATIC_DISCOVERY_RANGE ?= LOCALHOST
ifeq ($(ROS_DISTRO),humble)  # which knows only the older name; newer releases warn about it
export ROS_LOCALHOST_ONLY ?= 1
endif

# tests of live nodes mostly wait, so that in make test two of them share a core
CORES := $(shell $(PYTHON) -c "import os; print(len(os.sched_getaffinity(0)))")
PYTEST := $(RUN) -m pytest --dist loadfile --no-loadscope-reorder

.PHONY: demo check test lint bench board setup clean

demo: setup  ## play the shipped crops (or IMAGES=folder or picture) through the real node, then a filmed scene
	$(RUN) demo/demo.py --images "$(IMAGES)" --output demo_readings.png \
	    $(if $(filter demo/crops,$(IMAGES)),--scene demo_scene.png)

check: setup  ## the tests that need no ROS, in less than a minute
	$(PYTEST) -n $(CORES) -m "not live" --hypothesis-profile=quick $(ARGS)

test: setup  ## all tests; it begins with what will be skipped and why
	$(PYTEST) -n $(shell expr 2 \* $(CORES)) $(ARGS)

lint: setup $(VENV)/.lint  ## style and types
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

bench: setup  ## plates a second of the bundled network on this machine
	$(RUN) -m lprnet_ros.cli.benchmark

board: $(BOARD)/.setup  ## the BPU's models of the bundled networks, compiled and simulated with the vendor's tools
	$(BOARD)/bin/lpr_compile lprnet.onnx --config config/hb_mapper/lprnet_x5.yaml --data demo/crops \
	    --output models/lprnet_x5.bin
	$(BOARD)/bin/lpr_compile plate_finder.onnx --config config/hb_mapper/plate_finder_x5.yaml --data demo/crops \
	    --output models/plate_finder_x5.bin
	$(BOARD)/bin/lpr_compile plate_finder.onnx --config config/hb_mapper/plate_finder_x5_nv12.yaml --data demo/crops \
	    --output models/plate_finder_x5_nv12.bin

# the vendor's tools come for Python 3.10 alone; ROS 2 Jazzy's wheels, for lpr_node with runtime:=simulator
$(BOARD)/.setup: setup.py toolchain/requirements.txt toolchain/torch.py
	python=$$(.ci/find_python 3.10) && "$$python" -m venv $(BOARD)
	$(BOARD)/bin/python -m pip install --quiet --disable-pip-version-check \
	    --constraint toolchain/requirements.txt --editable ".[ros]"
	$(BOARD)/bin/python -m pip install --quiet --disable-pip-version-check \
	    --no-deps --requirement toolchain/requirements.txt
	cp toolchain/torch.py $(BOARD)/lib/python3.10/site-packages/
	touch $@

setup: $(VENV)/.setup

$(VENV)/.setup: setup.py setup.cfg pyproject.toml
	$(PYTHON) -c 'import sys; sys.version_info < (3, 10) and sys.exit("Python 3.10 or later is needed, this is " + sys.version.split()[0])'
	$(PYTHON) -m venv --clear $(VENV_OPTIONS) $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable ".[$(EXTRAS)]" $(if $(NUMPY),"$(NUMPY)")
	touch $@

$(VENV)/.lint: $(VENV)/.setup
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable ".[lint]"
	touch $@

clean:
	rm -rf $(VENV) $(BOARD) build install log *.egg-info .pytest_cache .mypy_cache .ruff_cache demo_readings.png demo_scene.png
