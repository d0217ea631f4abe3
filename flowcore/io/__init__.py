"""Between bytes and values: frames, flow files, videos, bundles."""
