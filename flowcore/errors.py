"""Every error that flowcore raises on purpose.

FlowcoreError
├── InputError              what was given cannot be used
│   ├── FrameDecodeError    a picture or video cannot be read as frames
│   ├── ShapeMismatchError  two things that must have one size do not
│   └── FlowFileError       a flow file cannot be read or written
├── ModelError
│   ├── UnknownModelError   no model of that name
│   └── WeightsError        weights are missing, altered or of another architecture
├── StoreError              what was run cannot be looked up or kept
├── SchedulerError          a cluster cannot be reached, or its workers cannot be used
├── ConfigError             settings that contradict each other, the pair or the machine
└── DivergedError           an estimate or a training run is no longer finite

Each message says what was got and what was expected, in one plain sentence that a page can show.
"""

__all__ = [
    "ConfigError",
    "DivergedError",
    "FlowFileError",
    "FlowcoreError",
    "FrameDecodeError",
    "InputError",
    "ModelError",
    "SchedulerError",
    "ShapeMismatchError",
    "StoreError",
    "UnknownModelError",
    "WeightsError",
]


class FlowcoreError(Exception):
    """Base of all errors raised on purpose by flowcore."""


class InputError(FlowcoreError):
    """What was given cannot be used."""


class FrameDecodeError(InputError):
    """A picture or a video cannot be read as frames."""


class ShapeMismatchError(InputError):
    """Two things that must have one size do not."""


class FlowFileError(InputError):
    """A flow file cannot be read or written."""


class ModelError(FlowcoreError):
    """A model cannot be had."""


class UnknownModelError(ModelError):
    """No model has that name."""


class WeightsError(ModelError):
    """Weights are missing, altered, or of another architecture."""


class StoreError(FlowcoreError):
    """What was run cannot be looked up or kept."""


class SchedulerError(FlowcoreError):
    """A cluster cannot be reached, or its workers cannot be used."""


class ConfigError(FlowcoreError):
    """Settings that contradict each other, the pair or the machine."""


class DivergedError(FlowcoreError):
    """An estimate or a training run is no longer finite."""
