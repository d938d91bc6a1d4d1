"""Creating what runs images, each as its API is called: what a test or the demo has to say, and no more."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from localaws.deployment import client
from localaws.process import ACCOUNT, REGION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from localaws.images import Node
    from localaws.process import LocalAws

ROLE: Final = f"arn:aws:iam::{ACCOUNT}:role/workloads"
ARM64_PLATFORM: Final = {"cpuArchitecture": "ARM64", "operatingSystemFamily": "LINUX"}
_ROLE_NAME: Final = ROLE.rpartition("/")[2]


@dataclass(frozen=True)
class Account:
    """The account of a local AWS, and what can be made in it. Images are named ``repository:tag``.

    Attributes:
        aws: where.
        push: pushes an image to ``repository:tag``.
    """

    aws: LocalAws
    push: Callable[[Node, str], None]

    def client(self, service: str) -> Any:
        """A boto3 client."""
        return client(service, self.aws.endpoint)

    def image(self, name: str) -> str:
        """The reference of an image as workloads have it."""
        repository, _, tag = name.partition(":")
        return self.aws.image_uri(repository, tag)

    def repositories(self, names: Iterable[str]) -> None:
        """Create the repositories that are not there yet."""
        ecr = self.client("ecr")
        there = {found["repositoryName"] for found in ecr.describe_repositories()["repositories"]}
        for name in sorted(set(names) - there):
            ecr.create_repository(repositoryName=name)

    def role(self) -> None:
        """Create the role that workloads are given; the emulator looks for it where permissions are enforced."""
        self.client("iam").create_role(RoleName=_ROLE_NAME, AssumeRolePolicyDocument="{}")

    def cluster(self, name: str, *, instances: int = 0) -> None:
        """Create a cluster of ECS, with as many Graviton instances."""
        ecs = self.client("ecs")
        ecs.create_cluster(clusterName=name)
        for number in range(instances):
            # As the ECS agent of an instance does it.
            identity = {"instanceId": f"i-0{number:016x}", "architecture": "arm64"}
            ecs.register_container_instance(cluster=name, instanceIdentityDocument=json.dumps(identity))

    def task_definition(self, family: str, image: str, **platform: Any) -> str:
        """Register a revision with the one container ``app``; its ARN.

        Where nothing is said about the platform, nothing is passed: that is the case to get right.
        """
        container = {"name": "app", "image": self.image(image), "essential": True}
        registered = self.client("ecs").register_task_definition(
            family=family, cpu="256", memory="512", networkMode="awsvpc", containerDefinitions=[container], **platform
        )
        arn: str = registered["taskDefinition"]["taskDefinitionArn"]
        return arn

    def service(self, cluster: str, name: str, image: str, launch: str = "FARGATE", **platform: Any) -> None:
        """Create a service of ECS, with a task definition of its name."""
        definition = self.task_definition(name, image, **platform)
        self.client("ecs").create_service(
            cluster=cluster, serviceName=name, taskDefinition=definition, desiredCount=1, launchType=launch
        )

    def update_service(self, cluster: str, name: str, image: str, **platform: Any) -> None:
        """Have a service run another image, or the same on another platform."""
        definition = self.task_definition(name, image, **platform)
        self.client("ecs").update_service(cluster=cluster, service=name, taskDefinition=definition)

    def delete_service(self, cluster: str, name: str) -> None:
        """Delete a service of ECS."""
        self.client("ecs").delete_service(cluster=cluster, service=name, force=True)

    def express_service(self, cluster: str, name: str, image: str) -> str:
        """Create an Express service of ECS; its ARN."""
        made = self.client("ecs").create_express_gateway_service(
            serviceName=name,
            cluster=cluster,
            executionRoleArn=ROLE,
            infrastructureRoleArn=ROLE,
            primaryContainer={"image": self.image(image)},
        )
        arn: str = made["service"]["serviceArn"]
        return arn

    def task(self, cluster: str, name: str, image: str) -> str:
        """Run a task of no service; its ARN."""
        definition = self.task_definition(name, image)
        ran = self.client("ecs").run_task(cluster=cluster, taskDefinition=definition, launchType="FARGATE")
        arn: str = ran["tasks"][0]["taskArn"]
        return arn

    def schedule(self, cluster: str, name: str, image: str) -> None:
        """Have EventBridge Scheduler start a task every night."""
        self.client("scheduler").create_schedule(
            Name=name,
            ScheduleExpression="cron(0 3 * * ? *)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target=self.starting(cluster, self.task_definition(name, image)),
        )

    def rule(self, cluster: str, name: str, image: str, **platform: Any) -> None:
        """Have a rule of EventBridge start a task every hour."""
        events = self.client("events")
        events.put_rule(Name=name, ScheduleExpression="rate(1 hour)")
        target = self.starting(cluster, self.task_definition(name, image, **platform))
        events.put_targets(Rule=name, Targets=[{"Id": "1", **target}])

    def starting(self, cluster: str, definition: str) -> dict[str, Any]:
        """The target of a rule or a schedule that starts a task; ``definition`` is an ARN, with or without revision."""
        return {
            "Arn": f"arn:aws:ecs:{REGION}:{ACCOUNT}:cluster/{cluster}",
            "RoleArn": ROLE,
            "EcsParameters": {"TaskDefinitionArn": definition, "LaunchType": "FARGATE"},
        }

    def app_runner(self, name: str, image: str) -> str:
        """Create a service of App Runner; its ARN."""
        made = self.client("apprunner").create_service(
            ServiceName=name,
            SourceConfiguration={
                "ImageRepository": {"ImageIdentifier": self.image(image), "ImageRepositoryType": "ECR"},
                "AuthenticationConfiguration": {"AccessRoleArn": ROLE},
            },
        )
        arn: str = made["Service"]["ServiceArn"]
        return arn

    def function(self, name: str, image: str, architecture: str = "arm64") -> None:
        """Create a Lambda function of an image, which must be there."""
        self.client("lambda").create_function(
            FunctionName=name,
            PackageType="Image",
            Code={"ImageUri": self.image(image)},
            Role=ROLE,
            Architectures=[architecture],
        )

    def job_definition(self, name: str, image: str) -> str:
        """Register a job definition of Batch for Fargate on ARM64; its ARN."""
        needed = {"VCPU": "1", "MEMORY": "2048"}
        made = self.client("batch").register_job_definition(
            jobDefinitionName=name,
            type="container",
            platformCapabilities=["FARGATE"],
            containerProperties={
                "image": self.image(image),
                "executionRoleArn": ROLE,
                "runtimePlatform": ARM64_PLATFORM,
                "resourceRequirements": [{"type": kind, "value": value} for kind, value in needed.items()],
            },
        )
        arn: str = made["jobDefinitionArn"]
        return arn

    def build_project(self, name: str, image: str) -> None:
        """Create a project of CodeBuild whose builds run in the image, on ARM64."""
        self.client("codebuild").create_project(
            name=name,
            source={"type": "NO_SOURCE", "buildspec": "version: 0.2"},
            artifacts={"type": "NO_ARTIFACTS"},
            serviceRole=ROLE,
            environment={
                "type": "ARM_CONTAINER",
                "image": self.image(image),
                "computeType": "BUILD_GENERAL1_SMALL",
                "imagePullCredentialsType": "SERVICE_ROLE",
            },
        )

    def agent(self, name: str, image: str) -> str:
        """Create a runtime of Bedrock AgentCore; its id."""
        made = self.client("bedrock-agentcore-control").create_agent_runtime(
            agentRuntimeName=name,
            agentRuntimeArtifact={"containerConfiguration": {"containerUri": self.image(image)}},
            roleArn=ROLE,
            networkConfiguration={"networkMode": "PUBLIC"},
        )
        identity: str = made["agentRuntimeId"]
        return identity

    def model_endpoint(self, name: str, image: str) -> None:
        """Create an endpoint of SageMaker on a Graviton instance."""
        sagemaker = self.client("sagemaker")
        sagemaker.create_model(ModelName=name, ExecutionRoleArn=ROLE, PrimaryContainer={"Image": self.image(image)})
        variant = {
            "VariantName": "all",
            "ModelName": name,
            "InstanceType": "ml.m6g.large",
            "InitialInstanceCount": 1,
        }
        sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
        sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def kubernetes(self, cluster: str, deployment: str, image: str) -> None:
        """Create a cluster of EKS with Graviton nodes that runs a deployment, and have Inspector watch it."""
        self.client("inspector2").enable(resourceTypes=["ECR"])
        eks = self.client("eks")
        eks.create_cluster(
            name=cluster,
            roleArn=ROLE,
            resourcesVpcConfig={"subnetIds": ["subnet-0a", "subnet-0b"]},
            # The local AWS has no Kubernetes: such tags say what runs there.
            tags={f"localaws:runs/{deployment}": self.image(image)},
        )
        eks.create_nodegroup(
            clusterName=cluster,
            nodegroupName="graviton",
            subnets=["subnet-0a"],
            nodeRole=ROLE,
            amiType="AL2023_ARM_64_STANDARD",
            instanceTypes=["m7g.large"],
        )
