locals {
  of_function = { FunctionName = var.function_name }
  of_bucket   = { BucketName = aws_s3_bucket.failure.id, FilterId = aws_s3_bucket_metric.failure.name }

  alarms = {
    IteratorAge = {
      description = "Records wait in the stream; after 24 hours they are gone."
      namespace   = "AWS/Lambda"
      metric      = "IteratorAge"
      dimensions  = local.of_function
      statistic   = "Maximum"
      period      = 60
      periods     = 5
      datapoints  = 5
      threshold   = var.iterator_age_limit
      missing     = "notBreaching"
    }
    Errors = {
      description = "Invocations fail; their batches are repeated."
      namespace   = "AWS/Lambda"
      metric      = "Errors"
      dimensions  = local.of_function
      statistic   = "Sum"
      period      = 60
      periods     = 5
      datapoints  = 3
      threshold   = 0
      missing     = "notBreaching"
    }
    Throttles = {
      description = "The function wants more than reserved_concurrency all the time."
      namespace   = "AWS/Lambda"
      metric      = "Throttles"
      dimensions  = local.of_function
      statistic   = "Sum"
      period      = 60
      periods     = 15
      datapoints  = 15
      threshold   = 0
      missing     = "notBreaching"
    }
    DeadLetters = {
      description = "Records were set aside in dead_letter."
      namespace   = "Dynamite"
      metric      = "DeadLetters"
      dimensions  = local.of_function
      statistic   = "Sum"
      period      = 60
      periods     = 1
      datapoints  = 1
      threshold   = 0
      missing     = "notBreaching"
    }
    OpenDeadLetters = {
      description = "Records stand in dead_letter."
      namespace   = "Dynamite"
      metric      = "OpenDeadLetters"
      dimensions  = local.of_function
      statistic   = "Maximum"
      period      = 3600
      periods     = 1
      datapoints  = 1
      threshold   = 0
      missing     = "notBreaching"
    }
    OpenGaps = {
      description = "Records were lost before they were read, or maintain has not run for an hour."
      namespace   = "Dynamite"
      metric      = "OpenGaps"
      dimensions  = local.of_function
      statistic   = "Maximum"
      period      = 3600
      periods     = 1
      datapoints  = 1
      threshold   = 0
      missing     = "breaching"
    }
    FailedBatches = {
      description = "Lambda gave up batches and put them into the bucket."
      namespace   = "AWS/S3"
      metric      = "PutRequests"
      dimensions  = local.of_bucket
      statistic   = "Sum"
      period      = 300
      periods     = 1
      datapoints  = 1
      threshold   = 0
      missing     = "notBreaching"
    }
  }

  alarm_actions = var.alarm_topic_arn == "" ? [] : [var.alarm_topic_arn]
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.function_name}-${each.key}"
  alarm_description   = "${each.value.description} See docs/lambda.md."
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = each.value.period
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.datapoints
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = each.value.missing
  alarm_actions       = local.alarm_actions
  ok_actions          = local.alarm_actions
}
