"""What runs a chain: values, keys, plan, compiler, workers and the runner that ties them together."""
