variable "function_name" {
  description = "Name of the function; its log group and alarms carry it."
  type        = string
  default     = "dynamite"

  validation {
    condition     = can(regex("^([a-zA-Z0-9_-]{1,64})$", var.function_name))
    error_message = "function_name must match [a-zA-Z0-9_-]{1,64}."
  }
}

variable "stream_arns" {
  description = "Stream ARNs of the tables to follow."
  type        = set(string)
}

variable "package_file" {
  description = "The Lambda zip that `make package` leaves."
  type        = string
  default     = "build/dynamite-lambda.zip"
}

variable "vpc_id" {
  description = "VPC from which PostgreSQL can be reached."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets for the function, in two availability zones or more."
  type        = list(string)
}

variable "security_group_ids" {
  description = "Security groups of the function. Empty makes one."
  type        = list(string)
  default     = []
}

variable "database_security_group_id" {
  description = "Security group of PostgreSQL; the group that is made is let in there."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^((sg-[0-9a-f]+)?)$", var.database_security_group_id))
    error_message = "database_security_group_id must match (sg-[0-9a-f]+)?."
  }
}

variable "database_port" {
  description = "Port of PostgreSQL, or of its pooler."
  type        = number
  default     = 5432
}

variable "create_vpc_endpoints" {
  description = "Whether to make the VPC endpoints that the function needs. No if the VPC has them, or a NAT gateway."
  type        = bool
  default     = true
}

variable "route_table_ids" {
  description = "Route tables of the subnets, for the gateway endpoint of DynamoDB."
  type        = list(string)
  default     = []
}

variable "database_url" {
  description = "postgresql://USER@HOST:5432/DATABASE, without a password."
  type        = string

  validation {
    # Only parameters that are known to hold no secret may stand behind the `?`.
    condition     = can(regex("^(postgres(ql)?://([^:@/?]*@)?[^@?]*(\\?(sslmode|sslrootcert|sslcrl|channel_binding|target_session_attrs|load_balance_hosts|connect_timeout|tcp_user_timeout|keepalives|keepalives_idle|keepalives_interval|keepalives_count|hostaddr|host|port|gssencmode)=[^&@]*(&(sslmode|sslrootcert|sslcrl|channel_binding|target_session_attrs|load_balance_hosts|connect_timeout|tcp_user_timeout|keepalives|keepalives_idle|keepalives_interval|keepalives_count|hostaddr|host|port|gssencmode)=[^&@]*)*)?)$", var.database_url))
    error_message = "database_url must be postgresql://USER@HOST:5432/DATABASE, without a password, also behind a `?`: of parameters only those of TLS, hosts, timeouts and target_session_attrs are taken."
  }
}

variable "authentication" {
  description = "How the function proves who it is to PostgreSQL."
  type        = string
  default     = "secret"

  validation {
    condition     = contains(["secret", "rds-iam"], var.authentication)
    error_message = "authentication must be one of secret, rds-iam."
  }
}

variable "secret_arn" {
  description = "Secret with user and password (authentication secret)."
  type        = string
  default     = ""
}

variable "secret_kms_key_arn" {
  description = "Customer managed key of the secret, if it has one."
  type        = string
  default     = ""
}

variable "database_resource_id" {
  description = "Resource ID of instance, cluster or proxy (authentication rds-iam)."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^(((db|cluster|prx)-[A-Za-z0-9]+)?)$", var.database_resource_id))
    error_message = "database_resource_id must match ((db|cluster|prx)-[A-Za-z0-9]+)?."
  }
}

variable "database_user" {
  description = "PostgreSQL role that may log in by IAM (authentication rds-iam)."
  type        = string
  default     = ""
}

variable "hash_key_secret_arn" {
  description = "Secret with the key of hash, where targets have hashes. Empty where none has."
  type        = string
  default     = ""

  validation {
    # The policy is for this one secret: no name, which would fit no policy, and no pattern.
    condition     = can(regex("^((arn:[^:*?]+:secretsmanager:[^:*?]+:[0-9]+:secret:[^:*?]+)?)$", var.hash_key_secret_arn))
    error_message = "hash_key_secret_arn must be the ARN of one secret, arn:PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME."
  }
}

variable "hash_key_secret_kms_key_arn" {
  description = "Customer managed key of the secret with the key of hash, if it has one."
  type        = string
  default     = ""
}

variable "ca_file" {
  description = "Certificates to verify PostgreSQL by. Empty takes those in the package."
  type        = string
  default     = ""
}

variable "schema" {
  description = "PostgreSQL schema of the replica tables."
  type        = string
  default     = "public"
}

variable "state_schema" {
  description = "PostgreSQL schema of Dynamite's own tables."
  type        = string
  default     = "dynamite"
}

variable "create_tables" {
  description = "Whether the function creates missing replica tables. Its PostgreSQL role then needs the right to."
  type        = string
  default     = "auto"

  validation {
    condition     = contains(["auto", "never"], var.create_tables)
    error_message = "create_tables must be one of auto, never."
  }
}

variable "on_poison" {
  description = "What becomes of a record that cannot be applied."
  type        = string
  default     = "quarantine"

  validation {
    condition     = contains(["quarantine", "stop"], var.on_poison)
    error_message = "on_poison must be one of quarantine, stop."
  }
}

variable "max_dead_letters" {
  description = "So many dead letters an hour and table, then the table stops."
  type        = number
  default     = 1000

  validation {
    condition     = var.max_dead_letters >= 0
    error_message = "max_dead_letters must be 0 or more."
  }
}

variable "allow_read_back" {
  description = "Whether the function may read single items, as streams without new images and changes of targets need it."
  type        = bool
  default     = false
}

variable "log_level" {
  description = "Least level that is logged."
  type        = string
  default     = "info"

  validation {
    condition     = contains(["debug", "info", "warn", "error"], var.log_level)
    error_message = "log_level must be one of debug, info, warn, error."
  }
}

variable "memory_size" {
  description = "Memory in MB; the share of a processor grows with it."
  type        = number
  default     = 256

  validation {
    condition     = var.memory_size >= 128 && var.memory_size <= 10240
    error_message = "memory_size must be 128 to 10240."
  }
}

variable "timeout" {
  description = "Seconds that an invocation may take."
  type        = number
  default     = 60

  validation {
    condition     = var.timeout >= 5 && var.timeout <= 900
    error_message = "timeout must be 5 to 900."
  }
}

variable "architecture" {
  description = "What the zip was built for."
  type        = string
  default     = "x86_64"

  validation {
    condition     = contains(["x86_64", "arm64"], var.architecture)
    error_message = "architecture must be x86_64 or arm64."
  }
}

variable "reserved_concurrency" {
  description = "Most invocations at once, hence most connections to PostgreSQL. -1 sets no limit."
  type        = number
  default     = 10

  validation {
    condition     = var.reserved_concurrency >= -1
    error_message = "reserved_concurrency must be -1 or more."
  }
}

variable "batch_size" {
  description = "Most records of one invocation."
  type        = number
  default     = 1000

  validation {
    condition     = var.batch_size >= 1 && var.batch_size <= 10000
    error_message = "batch_size must be 1 to 10000."
  }
}

variable "batching_window" {
  description = "Seconds that Lambda may wait to fill a batch."
  type        = number
  default     = 0

  validation {
    condition     = var.batching_window >= 0 && var.batching_window <= 300
    error_message = "batching_window must be 0 to 300."
  }
}

variable "parallelization_factor" {
  description = "Batches of one shard at once; the order of each item is kept."
  type        = number
  default     = 1

  validation {
    condition     = var.parallelization_factor >= 1 && var.parallelization_factor <= 10
    error_message = "parallelization_factor must be 1 to 10."
  }
}

variable "maximum_record_age" {
  description = "Seconds after which a record that still fails goes to the bucket. Less than the stream's 24 hours."
  type        = number
  default     = 79200

  validation {
    condition     = var.maximum_record_age >= 60 && var.maximum_record_age <= 86400
    error_message = "maximum_record_age must be 60 to 86400."
  }
}

variable "maximum_retry_attempts" {
  description = "Repeats of a failing batch before it goes to the bucket. -1 repeats until maximum_record_age."
  type        = number
  default     = -1

  validation {
    condition     = var.maximum_retry_attempts >= -1 && var.maximum_retry_attempts <= 10000
    error_message = "maximum_retry_attempts must be -1 to 10000."
  }
}

variable "mappings_enabled" {
  description = "Whether the streams are read. No pauses them; positions are kept."
  type        = bool
  default     = true
}

variable "maintain_schedule" {
  description = "When maintain runs. The alarms expect it once an hour at least."
  type        = string
  default     = "rate(15 minutes)"
}

variable "failure_retention_days" {
  description = "Days that the bucket keeps failed batches."
  type        = number
  default     = 30

  validation {
    condition     = var.failure_retention_days >= 1
    error_message = "failure_retention_days must be 1 or more."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "log_retention_days must be one of 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653."
  }
}

variable "iterator_age_limit" {
  description = "Age in milliseconds of the oldest unread record that raises the alarm."
  type        = number
  default     = 300000

  validation {
    condition     = var.iterator_age_limit >= 1000
    error_message = "iterator_age_limit must be 1000 or more."
  }
}

variable "alarm_topic_arn" {
  description = "SNS topic that the alarms tell. Empty tells nobody."
  type        = string
  default     = ""
}
