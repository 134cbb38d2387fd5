"""AWS on one machine, for any CDK cloud assembly.

`ministack` answers the AWS APIs, `Deployer` puts an assembly's stacks into it, `LambdaHost` runs the staged functions under
the real runtime client. Nothing here knows which application it serves.
"""
