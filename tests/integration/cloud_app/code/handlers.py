"""The functions of the small application: each shows one thing the Lambda host has to do."""

import json
import os
import sys
import time
import urllib.parse
import urllib.request

import boto3
from botocore.config import Config
from words import WORD

VERSION = "one"


def hello(event, context):
    word = os.environ["GREETING"]
    if isinstance(event, dict) and event.get("fail"):
        raise ValueError("x" * event["fail"])
    time.sleep(event.get("sleep", 0) if isinstance(event, dict) else 0)
    if isinstance(event, dict) and event.get("burn"):
        end = time.process_time() + event["burn"]
        while time.process_time() < end:
            pass
    body = {
        "word": word,
        "layer": WORD,
        "version": VERSION,
        "pid": os.getpid(),
        "left": context.get_remaining_time_in_millis(),
    }
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def slow(event, context):
    os.system("sleep 60 &")
    print("sleeping", flush=True)
    time.sleep(60)


def bomb(event, context):
    hold = []
    while True:
        hold.append(b"x" * (16 << 20))
        time.sleep(0.02)


def crash(event, context):
    os._exit(3)


def secret_reader(event, context):
    return len(boto3.client("secretsmanager").get_secret_value(SecretId=os.environ["SECRET"])["SecretString"])


def on_upload(event, context):
    client = boto3.client("s3")
    for message in event["Records"]:
        for record in json.loads(message["body"]).get("Records", []):  # absent in s3:TestEvent
            entry = record["s3"]["object"]
            key = urllib.parse.unquote_plus(entry["key"])
            body = client.get_object(Bucket="lab-files", Key=key, VersionId=entry["versionId"])["Body"].read()
            told = json.dumps(record | {"length": len(body)})
            client.put_object(Bucket="lab-files", Key=f"out/{key}/{entry['versionId']}", Body=told)


def inbox(event, context):
    """Presigned forms and user credentials made with the function's own role, and what that role may not do."""
    client = boto3.client("s3", config=Config(signature_version="s3v4"))
    match event["do"]:
        case "form":
            conditions = [["content-length-range", 1, 1000]] + [{k: v} for k, v in event.get("fields", {}).items()]
            return client.generate_presigned_post(
                "lab-files", event["key"], Fields=dict(event.get("fields", {})), Conditions=conditions, ExpiresIn=300
            )
        case "credentials":
            policy = {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Effect": "Allow",
                        "Action": "s3:PutObject",
                        "Resource": f"arn:aws:s3:::lab-files/{event['prefix']}*",
                    }
                ],
            }
            reply = boto3.client("sts").assume_role(
                RoleArn=os.environ["INBOX_ROLE"], RoleSessionName="someone", Policy=json.dumps(policy)
            )
            return {key: str(value) for key, value in reply["Credentials"].items()}
        case "forbidden":
            return client.get_object(Bucket="lab-files", Key="inbox/x")["Body"].read().decode()


def custom(event, context):
    print(json.dumps(event), file=sys.stderr)
    if event["ResourceProperties"]["Word"] == "fail":
        raise RuntimeError("no such word")
    answer = {key: event[key] for key in ("StackId", "RequestId", "LogicalResourceId")} | {
        "Status": "SUCCESS",
        "PhysicalResourceId": "made",
        "Data": {"Word": event["ResourceProperties"]["Word"].upper()},
    }
    urllib.request.urlopen(urllib.request.Request(event["ResponseURL"], json.dumps(answer).encode(), method="PUT"))
