"""The bytes of flow files with any arrays in them, right or wrong."""

from io import BytesIO

import h5py
import numpy as np


def npy(array):
    stream = BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def npz(**arrays):
    stream = BytesIO()
    np.savez_compressed(stream, **arrays)
    return stream.getvalue()


def flo5(**datasets):
    with h5py.File.in_memory() as file:
        for name, values in datasets.items():
            file.create_dataset(name, data=values)
        file.flush()
        return file.id.get_file_image()
