"""One machine as a small cloud: the engines, the AWS endpoints and the toolchain behind `make demo` and `make test`."""
