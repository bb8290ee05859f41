output "function_arn" {
  description = "The function"
  value       = aws_lambda_function.this.arn
}

output "function_role_arn" {
  description = "The function's role"
  value       = aws_iam_role.function.arn
}

output "failure_bucket_name" {
  description = "Where failed batches are"
  value       = aws_s3_bucket.failure.id
}

output "function_security_group_id" {
  description = "Security group that PostgreSQL has to let in"
  value       = local.function_security_group_ids[0]
}
