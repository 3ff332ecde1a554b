"""Makes an organization with 1,000 registered users, as an administrator's script would, and prints how many
seconds that took. Each has a password."""

import argparse
import concurrent.futures
import time
import uuid

import boto3
from botocore.config import Config

USERS = 1000


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--endpoint", required=True)
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def main():
    given = arguments()
    config = Config(region_name="us-east-1", max_pool_connections=given.threads)
    workmail = boto3.client("workmail", endpoint_url=given.endpoint, config=config)
    alias = "script-" + uuid.uuid4().hex[:12]
    organization = workmail.create_organization(Alias=alias)["OrganizationId"]

    def make(number):
        name = f"user{number}"
        user = workmail.create_user(
            OrganizationId=organization, Name=name, DisplayName=f"User {number}", Password=f"Correct-Horse-{number}"
        )["UserId"]
        workmail.register_to_work_mail(OrganizationId=organization, EntityId=user, Email=f"{name}@{alias}.awsapps.com")

    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(given.threads) as threads:
        for _ in threads.map(make, range(USERS)):
            pass
    print(time.monotonic() - began)
    workmail.delete_organization(OrganizationId=organization, DeleteDirectory=True, ForceDelete=True)


if __name__ == "__main__":
    main()
