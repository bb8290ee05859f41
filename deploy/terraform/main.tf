data "aws_caller_identity" "current" {}
data "aws_partition" "current" {}
data "aws_region" "current" {}

locals {
  partition    = data.aws_partition.current.partition
  region       = data.aws_region.current.name
  account      = data.aws_caller_identity.current.account_id
  function_arn = "arn:${local.partition}:lambda:${local.region}:${local.account}:function:${var.function_name}"

  use_secret          = var.authentication == "secret"
  use_rds_iam         = var.authentication == "rds-iam"
  use_hash_key_secret = var.hash_key_secret_arn != ""

  environment = {
    DYNAMITE_URL              = var.database_url
    DYNAMITE_AUTH             = local.use_rds_iam ? "rds-iam" : ""
    DYNAMITE_SECRET           = local.use_secret ? var.secret_arn : ""
    DYNAMITE_HASH_KEY_SECRET  = var.hash_key_secret_arn
    DYNAMITE_CA_FILE          = var.ca_file
    DYNAMITE_SCHEMA           = var.schema
    DYNAMITE_STATE_SCHEMA     = var.state_schema
    DYNAMITE_CREATE_TABLES    = var.create_tables
    DYNAMITE_ON_POISON        = var.on_poison
    DYNAMITE_MAX_DEAD_LETTERS = var.max_dead_letters
    # Belongs to function_response_types of the mappings below: either without the other loses records.
    DYNAMITE_REPORT_BATCH_ITEM_FAILURES = "true"
    DYNAMITE_LOG_FORMAT                 = "json"
    DYNAMITE_LOG_LEVEL                  = var.log_level
  }
}

resource "aws_lambda_function" "this" {
  function_name                  = var.function_name
  description                    = "Applies DynamoDB stream records to PostgreSQL"
  filename                       = var.package_file
  source_code_hash               = filebase64sha256(var.package_file)
  handler                        = "bootstrap"
  runtime                        = "provided.al2023"
  architectures                  = [var.architecture]
  memory_size                    = var.memory_size
  timeout                        = var.timeout
  reserved_concurrent_executions = var.reserved_concurrency
  role                           = aws_iam_role.function.arn

  vpc_config {
    subnet_ids         = var.subnet_ids
    security_group_ids = local.function_security_group_ids
  }

  environment {
    variables = local.environment
  }

  lifecycle {
    precondition {
      condition     = !local.use_secret || var.secret_arn != ""
      error_message = "authentication secret needs secret_arn"
    }
    precondition {
      condition     = !local.use_rds_iam || (var.database_resource_id != "" && var.database_user != "")
      error_message = "authentication rds-iam needs database_resource_id and database_user"
    }
  }

  # Lambda would make a log group of its own, which is kept for ever, and needs the role to join the VPC.
  depends_on = [aws_cloudwatch_log_group.function, aws_iam_role_policy.lambda]
}

# maintain is invoked asynchronously; the next one of the schedule repeats it soon enough.
resource "aws_lambda_function_event_invoke_config" "this" {
  function_name                = aws_lambda_function.this.function_name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 300
}

resource "aws_lambda_event_source_mapping" "table" {
  for_each = var.stream_arns

  function_name    = aws_lambda_function.this.arn
  event_source_arn = each.value
  enabled          = var.mappings_enabled
  # LATEST would miss what is written while the mapping is being made.
  starting_position                  = "TRIM_HORIZON"
  batch_size                         = var.batch_size
  maximum_batching_window_in_seconds = var.batching_window
  parallelization_factor             = var.parallelization_factor
  function_response_types            = ["ReportBatchItemFailures"]
  bisect_batch_on_function_error     = true
  maximum_record_age_in_seconds      = var.maximum_record_age
  maximum_retry_attempts             = var.maximum_retry_attempts

  destination_config {
    on_failure {
      destination_arn = aws_s3_bucket.failure.arn
    }
  }

  depends_on = [aws_iam_role_policy.lambda]
}

resource "aws_cloudwatch_log_group" "function" {
  name              = "/aws/lambda/${var.function_name}"
  retention_in_days = var.log_retention_days
}

resource "aws_scheduler_schedule" "maintain" {
  name_prefix         = "${substr(var.function_name, 0, 30)}-"
  description         = "Tells ${var.function_name} to look after its tables"
  schedule_expression = var.maintain_schedule

  flexible_time_window {
    mode = "OFF"
  }

  target {
    arn      = aws_lambda_function.this.arn
    role_arn = aws_iam_role.maintain_schedule.arn
    input    = jsonencode({ dynamite = "maintain" })

    retry_policy {
      maximum_retry_attempts       = 0
      maximum_event_age_in_seconds = 300
    }
  }
}
