locals {
  make_security_group         = length(var.security_group_ids) == 0
  function_security_group_ids = local.make_security_group ? aws_security_group.function[*].id : var.security_group_ids

  # Services whose interface endpoint answers under the service's own name.
  private_dns_services = concat(["lambda", "monitoring"], local.use_secret || local.use_hash_key_secret ? ["secretsmanager"] : [])
}

resource "aws_security_group" "function" {
  count = local.make_security_group ? 1 : 0

  name_prefix = "${var.function_name}-"
  description = "${var.function_name} to PostgreSQL and to AWS"
  vpc_id      = var.vpc_id

  egress {
    description     = "PostgreSQL"
    protocol        = "tcp"
    from_port       = var.database_port
    to_port         = var.database_port
    security_groups = var.database_security_group_id == "" ? null : [var.database_security_group_id]
    cidr_blocks     = var.database_security_group_id == "" ? ["0.0.0.0/0"] : null
  }

  # A gateway endpoint is reached by the public addresses of DynamoDB.
  egress {
    description = "AWS, by VPC endpoints or NAT"
    protocol    = "tcp"
    from_port   = 443
    to_port     = 443
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_security_group_rule" "database" {
  count = local.make_security_group && var.database_security_group_id != "" ? 1 : 0

  description              = var.function_name
  type                     = "ingress"
  protocol                 = "tcp"
  from_port                = var.database_port
  to_port                  = var.database_port
  security_group_id        = var.database_security_group_id
  source_security_group_id = local.function_security_group_ids[0]
}

resource "aws_security_group" "endpoints" {
  count = var.create_vpc_endpoints ? 1 : 0

  name_prefix = "${var.function_name}-endpoints-"
  description = "VPC endpoints, from ${var.function_name}"
  vpc_id      = var.vpc_id

  ingress {
    description     = var.function_name
    protocol        = "tcp"
    from_port       = 443
    to_port         = 443
    security_groups = [local.function_security_group_ids[0]]
  }
}

resource "aws_vpc_endpoint" "dynamodb" {
  count = var.create_vpc_endpoints && length(var.route_table_ids) > 0 ? 1 : 0

  service_name      = "com.amazonaws.${local.region}.dynamodb"
  vpc_endpoint_type = "Gateway"
  vpc_id            = var.vpc_id
  route_table_ids   = var.route_table_ids
}

resource "aws_vpc_endpoint" "private_dns" {
  for_each = toset(var.create_vpc_endpoints ? local.private_dns_services : [])

  service_name        = "com.amazonaws.${local.region}.${each.value}"
  vpc_endpoint_type   = "Interface"
  private_dns_enabled = true
  vpc_id              = var.vpc_id
  subnet_ids          = var.subnet_ids
  security_group_ids  = aws_security_group.endpoints[*].id
}
