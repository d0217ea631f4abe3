"""Pure tensor functions: warp, resize, pad, blur, correlate."""
