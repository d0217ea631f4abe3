"""Frame pairs: samples, synthetic motion, folders of benchmarks."""
