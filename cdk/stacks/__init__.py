"""The stacks, in the order of deployment: network, data, one per context (platform first), edge."""
