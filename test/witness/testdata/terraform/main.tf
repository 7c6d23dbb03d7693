# Two networks in two regions that reach each other, and a cluster in one of
# them: what a person would write without Ringspan.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}

variable "endpoint" {
  description = "Where `ringspan-local serve` listens."
}

provider "aws" {
  region     = "eu-west-1"
  access_key = "any"
  secret_key = "any"

  endpoints {
    ec2 = var.endpoint
    eks = var.endpoint
    iam = var.endpoint
    sts = var.endpoint
  }
}

provider "aws" {
  alias      = "peer"
  region     = "eu-central-1"
  access_key = "any"
  secret_key = "any"

  endpoints {
    ec2 = var.endpoint
    eks = var.endpoint
    iam = var.endpoint
    sts = var.endpoint
  }
}

data "aws_availability_zones" "all" { state = "available" }

data "aws_availability_zones" "peer" {
  provider = aws.peer
  state    = "available"
}

resource "aws_vpc" "a" {
  cidr_block           = "10.1.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = "a" }
}

resource "aws_vpc" "b" {
  provider             = aws.peer
  cidr_block           = "10.2.0.0/16"
  enable_dns_hostnames = true
  tags                 = { Name = "b" }
}

resource "aws_subnet" "public" {
  vpc_id                  = aws_vpc.a.id
  cidr_block              = "10.1.0.0/24"
  availability_zone       = data.aws_availability_zones.all.names[0]
  map_public_ip_on_launch = true
}

resource "aws_subnet" "private" {
  count             = 3
  vpc_id            = aws_vpc.a.id
  cidr_block        = "10.1.${count.index + 1}.0/24"
  availability_zone = data.aws_availability_zones.all.names[count.index]
  tags              = { "kubernetes.io/role/internal-elb" = "1" }
}

resource "aws_subnet" "b" {
  provider          = aws.peer
  vpc_id            = aws_vpc.b.id
  cidr_block        = "10.2.0.0/24"
  availability_zone = data.aws_availability_zones.peer.names[0]
}

resource "aws_internet_gateway" "a" { vpc_id = aws_vpc.a.id }

resource "aws_internet_gateway" "b" {
  provider = aws.peer
  vpc_id   = aws_vpc.b.id
}

resource "aws_eip" "nat" { domain = "vpc" }

resource "aws_nat_gateway" "a" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.public.id
  depends_on    = [aws_internet_gateway.a]
  tags          = { Name = "a" }
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.a.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.a.id
  }
}

resource "aws_route_table" "private" { vpc_id = aws_vpc.a.id }

resource "aws_route_table" "b" {
  provider = aws.peer
  vpc_id   = aws_vpc.b.id
}

resource "aws_route" "out" {
  route_table_id         = aws_route_table.private.id
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.a.id
}

resource "aws_route" "out_b" {
  provider               = aws.peer
  route_table_id         = aws_route_table.b.id
  destination_cidr_block = "0.0.0.0/0"
  gateway_id             = aws_internet_gateway.b.id
}

resource "aws_route" "to_b" {
  route_table_id            = aws_route_table.private.id
  destination_cidr_block    = aws_vpc.b.cidr_block
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.ab.id
}

resource "aws_route" "to_a" {
  provider                  = aws.peer
  route_table_id            = aws_route_table.b.id
  destination_cidr_block    = aws_vpc.a.cidr_block
  vpc_peering_connection_id = aws_vpc_peering_connection_accepter.ab.id
}

resource "aws_route_table_association" "public" {
  subnet_id      = aws_subnet.public.id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table_association" "private" {
  count          = 3
  subnet_id      = aws_subnet.private[count.index].id
  route_table_id = aws_route_table.private.id
}

resource "aws_route_table_association" "b" {
  provider       = aws.peer
  subnet_id      = aws_subnet.b.id
  route_table_id = aws_route_table.b.id
}

resource "aws_vpc_peering_connection" "ab" {
  vpc_id      = aws_vpc.a.id
  peer_vpc_id = aws_vpc.b.id
  peer_region = "eu-central-1"
  tags        = { Side = "requester" }
}

resource "aws_vpc_peering_connection_accepter" "ab" {
  provider                  = aws.peer
  vpc_peering_connection_id = aws_vpc_peering_connection.ab.id
  auto_accept               = true
  tags                      = { Side = "accepter" }
}

resource "aws_security_group" "internode" {
  name        = "internode"
  description = "between the nodes of a ring"
  vpc_id      = aws_vpc.a.id

  ingress {
    from_port   = 7000
    to_port     = 7001
    protocol    = "tcp"
    cidr_blocks = [aws_vpc.b.cidr_block]
    description = "gossip"
  }

  egress {
    from_port   = 0
    to_port     = 0
    protocol    = "-1"
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group" "internode_b" {
  provider    = aws.peer
  name_prefix = "internode-"
  vpc_id      = aws_vpc.b.id
}

resource "aws_vpc_security_group_ingress_rule" "internode_b" {
  provider          = aws.peer
  security_group_id = aws_security_group.internode_b.id
  cidr_ipv4         = aws_vpc.a.cidr_block
  from_port         = 7000
  to_port           = 7001
  ip_protocol       = "tcp"
  description       = "gossip"
}

resource "aws_iam_role" "cluster" {
  name = "witness-cluster"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "eks.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy_attachment" "cluster" {
  role       = aws_iam_role.cluster.name
  policy_arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
}

resource "aws_iam_role" "node" {
  name = "witness-node"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Principal = { Service = "ec2.amazonaws.com" }, Action = "sts:AssumeRole" }]
  })
}

resource "aws_iam_role_policy_attachment" "node" {
  for_each   = toset(["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly"])
  role       = aws_iam_role.node.name
  policy_arn = "arn:aws:iam::aws:policy/${each.key}"
}

resource "aws_eks_cluster" "a" {
  name                          = "witness"
  role_arn                      = aws_iam_role.cluster.arn
  enabled_cluster_log_types     = ["api", "audit"]
  bootstrap_self_managed_addons = false
  depends_on                    = [aws_iam_role_policy_attachment.cluster]

  vpc_config {
    subnet_ids              = aws_subnet.private[*].id
    endpoint_private_access = true
  }

  access_config { authentication_mode = "API" }
  kubernetes_network_config { service_ipv4_cidr = "172.30.0.0/16" }
  upgrade_policy { support_type = "STANDARD" }
}

resource "aws_eks_addon" "network" {
  cluster_name         = aws_eks_cluster.a.name
  addon_name           = "vpc-cni"
  configuration_values = jsonencode({ env = { POD_MTU = "8500" } })
}

resource "aws_eks_node_group" "a" {
  cluster_name    = aws_eks_cluster.a.name
  node_group_name = "nodes"
  node_role_arn   = aws_iam_role.node.arn
  subnet_ids      = aws_subnet.private[*].id
  instance_types  = ["m5.large"]
  depends_on      = [aws_eks_addon.network, aws_iam_role_policy_attachment.node, aws_route.out]

  scaling_config {
    desired_size = 3
    max_size     = 4
    min_size     = 1
  }
}

resource "aws_eks_access_entry" "viewer" {
  cluster_name      = aws_eks_cluster.a.name
  principal_arn     = aws_iam_role.cluster.arn
  kubernetes_groups = ["viewers"]
}
