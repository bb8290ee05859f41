# Where a batch goes that Lambda gives up: without it, it would be gone.
resource "aws_s3_bucket" "failure" {
  bucket_prefix = "${lower(replace(substr(var.function_name, 0, 30), "_", "-"))}-"
}

resource "aws_s3_bucket_server_side_encryption_configuration" "failure" {
  bucket = aws_s3_bucket.failure.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_public_access_block" "failure" {
  bucket                  = aws_s3_bucket.failure.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "failure" {
  bucket = aws_s3_bucket.failure.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "failure" {
  bucket = aws_s3_bucket.failure.id

  rule {
    id     = "forget"
    status = "Enabled"

    filter {}

    expiration {
      days = var.failure_retention_days
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}

resource "aws_s3_bucket_metric" "failure" {
  bucket = aws_s3_bucket.failure.id
  name   = "all"
}

resource "aws_s3_bucket_policy" "failure" {
  bucket = aws_s3_bucket.failure.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Sid       = "OnlyEncryptedConnections"
      Effect    = "Deny"
      Principal = "*"
      Action    = "s3:*"
      Resource  = [aws_s3_bucket.failure.arn, "${aws_s3_bucket.failure.arn}/*"]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  })

  depends_on = [aws_s3_bucket_public_access_block.failure]
}
