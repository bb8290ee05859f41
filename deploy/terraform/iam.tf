locals {
  table_arns = [for arn in var.stream_arns : split("/stream/", arn)[0]]
}

resource "aws_iam_role" "function" {
  name_prefix = "${substr(var.function_name, 0, 30)}-"
  description = "What ${var.function_name} may do"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
}

resource "aws_iam_role_policy" "lambda" {
  name = "lambda"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid    = "ReadStreams"
        Effect = "Allow"
        Action = [
          "dynamodb:DescribeStream",
          "dynamodb:GetRecords",
          "dynamodb:GetShardIterator",
          "dynamodb:ListStreams",
        ]
        Resource = tolist(var.stream_arns)
      },
      {
        Sid      = "KeepFailedBatches"
        Effect   = "Allow"
        Action   = ["s3:PutObject"]
        Resource = "${aws_s3_bucket.failure.arn}/aws/lambda/*"
      },
      {
        Sid      = "FindFailureBucket"
        Effect   = "Allow"
        Action   = ["s3:ListBucket"]
        Resource = aws_s3_bucket.failure.arn
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.function.arn}:*"
      },
      # Lambda's own calls; EC2 offers no narrower resource for them.
      {
        Sid    = "JoinNetwork"
        Effect = "Allow"
        Action = [
          "ec2:AssignPrivateIpAddresses",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSubnets",
          "ec2:UnassignPrivateIpAddresses",
        ]
        Resource = "*"
      },
      # Takes them away again from the code in the function.
      {
        Sid    = "LeaveNetworkToLambda"
        Effect = "Deny"
        Action = [
          "ec2:AssignPrivateIpAddresses",
          "ec2:CreateNetworkInterface",
          "ec2:DeleteNetworkInterface",
          "ec2:DescribeNetworkInterfaces",
          "ec2:DescribeSubnets",
          "ec2:DetachNetworkInterface",
          "ec2:UnassignPrivateIpAddresses",
        ]
        Resource  = "*"
        Condition = { ArnEquals = { "lambda:SourceFunctionArn" = local.function_arn } }
      },
    ]
  })
}

resource "aws_iam_role_policy" "maintain" {
  name = "maintain"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "DescribeTables"
        Effect   = "Allow"
        Action   = ["dynamodb:DescribeTable"]
        Resource = local.table_arns
      },
      {
        Sid      = "ListMappings"
        Effect   = "Allow"
        Action   = ["lambda:ListEventSourceMappings"]
        Resource = "*"
      },
      {
        Sid      = "ReadIteratorAge"
        Effect   = "Allow"
        Action   = ["cloudwatch:GetMetricStatistics"]
        Resource = "*"
      },
    ]
  })
}

resource "aws_iam_role_policy" "lambda_secret" {
  count = local.use_secret ? 1 : 0

  name = "lambda-secret"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "ReadSecret"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = var.secret_arn
    }]
  })
}

resource "aws_iam_role_policy" "lambda_secret_key" {
  count = local.use_secret && var.secret_kms_key_arn != "" ? 1 : 0

  name = "lambda-secret-key"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DecryptSecret"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = var.secret_kms_key_arn
      Condition = { StringEquals = { "kms:EncryptionContext:SecretARN" = var.secret_arn } }
    }]
  })
}

resource "aws_iam_role_policy" "lambda_rds_iam" {
  count = local.use_rds_iam ? 1 : 0

  name = "lambda-rds-iam"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "ConnectToDatabase"
      Effect   = "Allow"
      Action   = ["rds-db:connect"]
      Resource = "arn:${local.partition}:rds-db:${local.region}:${local.account}:dbuser:${var.database_resource_id}/${var.database_user}"
    }]
  })
}

resource "aws_iam_role_policy" "hash_key_secret" {
  count = local.use_hash_key_secret ? 1 : 0

  name = "hash-key-secret"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "ReadHashKeySecret"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = var.hash_key_secret_arn
    }]
  })
}

resource "aws_iam_role_policy" "hash_key_secret_key" {
  count = local.use_hash_key_secret && var.hash_key_secret_kms_key_arn != "" ? 1 : 0

  name = "hash-key-secret-key"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "DecryptHashKeySecret"
      Effect    = "Allow"
      Action    = ["kms:Decrypt"]
      Resource  = var.hash_key_secret_kms_key_arn
      Condition = { StringEquals = { "kms:EncryptionContext:SecretARN" = var.hash_key_secret_arn } }
    }]
  })
}

resource "aws_iam_role_policy" "read_back" {
  count = var.allow_read_back ? 1 : 0

  name = "read-back"
  role = aws_iam_role.function.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "ReadItems"
      Effect   = "Allow"
      Action   = ["dynamodb:BatchGetItem"]
      Resource = local.table_arns
    }]
  })
}

resource "aws_iam_role" "maintain_schedule" {
  name_prefix = "${substr(var.function_name, 0, 28)}-maintain-"
  description = "Lets the schedule invoke ${var.function_name}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
    }]
  })
}

resource "aws_iam_role_policy" "invoke" {
  name = "invoke"
  role = aws_iam_role.maintain_schedule.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid      = "InvokeFunction"
      Effect   = "Allow"
      Action   = ["lambda:InvokeFunction"]
      Resource = aws_lambda_function.this.arn
    }]
  })
}
