# Book summaries - an orchestrator and its services on Lambda, S3 and EventBridge.
# The same resources as in template.yaml, under the same names.

terraform {
  required_version = ">= 1.6"
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.80"
    }
  }
}

variable "name" {
  type    = string
  default = "books"
}

variable "zip" {
  type        = string
  description = "The zip, as package.py made it"
}

variable "log_days" {
  type    = number
  default = 14
}

data "aws_caller_identity" "here" {}
data "aws_region" "here" {}
data "aws_partition" "here" {}

locals {
  environment = {
    BOOKS_STORE        = "s3://${aws_s3_bucket.records.id}/processes?markers=1"
    BOOKS_BUS          = aws_cloudwatch_event_bus.bus.name
    BOOKS_WAKE_QUEUE   = aws_sqs_queue.events.arn
    BOOKS_WAKE_LETTERS = aws_sqs_queue.events_letters.arn
    BOOKS_WAKE_ROLE    = aws_iam_role.wakes_role.arn
    BOOKS_WAKE_GROUP   = aws_scheduler_schedule_group.wakes.name
  }
  schedules = join(":", [
    "arn", data.aws_partition.here.partition, "scheduler", data.aws_region.here.name,
    data.aws_caller_identity.here.account_id, "schedule/${aws_scheduler_schedule_group.wakes.name}/*",
  ])
  by_lambda = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  by_scheduler = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "scheduler.amazonaws.com" }
      Action    = "sts:AssumeRole"
      Condition = { StringEquals = { "aws:SourceAccount" = data.aws_caller_identity.here.account_id } }
    }]
  })
}

# -- what is stored ----------------------------------------------------------------------------

resource "aws_s3_bucket" "records" {
  bucket_prefix = "${var.name}-records-"
  lifecycle {
    prevent_destroy = true
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "records" {
  bucket = aws_s3_bucket.records.id
  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_ownership_controls" "records" {
  bucket = aws_s3_bucket.records.id
  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "records" {
  bucket                  = aws_s3_bucket.records.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_policy" "records_policy" {
  bucket     = aws_s3_bucket.records.id
  depends_on = [aws_s3_bucket_public_access_block.records]
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid         = "OnlyConditionalWrites" # an old or foreign writer cannot overwrite a newer record
        Effect      = "Deny"
        Principal   = "*"
        Action      = "s3:PutObject"
        NotResource = "${aws_s3_bucket.records.arn}/processes/~marks/*"
        Condition   = { "Null" = { "s3:if-match" = "true", "s3:if-none-match" = "true" } }
      },
      {
        Sid       = "OnlyEncryptedConnections"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.records.arn, "${aws_s3_bucket.records.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
  })
}

# -- what moves --------------------------------------------------------------------------------

resource "aws_cloudwatch_event_bus" "bus" {
  name = var.name
}

resource "aws_sqs_queue" "events" {
  name                       = "${var.name}-events"
  visibility_timeout_seconds = 180 # six times the time-out of the function
  message_retention_seconds  = 345600
  sqs_managed_sse_enabled    = true
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.events_letters.arn
    maxReceiveCount     = 10
  })
}

resource "aws_sqs_queue" "events_letters" {
  name                      = "${var.name}-events-letters"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_cloudwatch_event_rule" "events_rule" {
  name           = "${var.name}-events"
  event_bus_name = aws_cloudwatch_event_bus.bus.name
  event_pattern  = jsonencode({ "detail-type" = [{ prefix = "evt." }, "xorca.books.summary.start"] })
}

resource "aws_cloudwatch_event_target" "events_rule" {
  rule           = aws_cloudwatch_event_rule.events_rule.name
  event_bus_name = aws_cloudwatch_event_bus.bus.name
  target_id      = "events"
  arn            = aws_sqs_queue.events.arn
  dead_letter_config {
    arn = aws_sqs_queue.events_letters.arn
  }
}

resource "aws_sqs_queue_policy" "events_policy" {
  queue_url = aws_sqs_queue.events.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.events.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.events_rule.arn } }
    }]
  })
}

resource "aws_sqs_queue_policy" "events_letters_policy" {
  queue_url = aws_sqs_queue.events_letters.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.events_letters.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.events_rule.arn } }
    }]
  })
}

resource "aws_sqs_queue" "commands" {
  name                       = "${var.name}-commands"
  visibility_timeout_seconds = 180
  message_retention_seconds  = 345600
  sqs_managed_sse_enabled    = true
  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.commands_letters.arn
    maxReceiveCount     = 5
  })
}

resource "aws_sqs_queue" "commands_letters" {
  name                      = "${var.name}-commands-letters"
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = true
}

resource "aws_cloudwatch_event_rule" "commands_rule" {
  name           = "${var.name}-commands"
  event_bus_name = aws_cloudwatch_event_bus.bus.name
  event_pattern  = jsonencode({ "detail-type" = [{ prefix = "cmd." }] })
}

resource "aws_cloudwatch_event_target" "commands_rule" {
  rule           = aws_cloudwatch_event_rule.commands_rule.name
  event_bus_name = aws_cloudwatch_event_bus.bus.name
  target_id      = "commands"
  arn            = aws_sqs_queue.commands.arn
  dead_letter_config {
    arn = aws_sqs_queue.commands_letters.arn
  }
}

resource "aws_sqs_queue_policy" "commands_policy" {
  queue_url = aws_sqs_queue.commands.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.commands.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.commands_rule.arn } }
    }]
  })
}

resource "aws_sqs_queue_policy" "commands_letters_policy" {
  queue_url = aws_sqs_queue.commands_letters.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "events.amazonaws.com" }
      Action    = "sqs:SendMessage"
      Resource  = aws_sqs_queue.commands_letters.arn
      Condition = { ArnEquals = { "aws:SourceArn" = aws_cloudwatch_event_rule.commands_rule.arn } }
    }]
  })
}

# -- deadlines ---------------------------------------------------------------------------------

resource "aws_scheduler_schedule_group" "wakes" {
  name = var.name
}

resource "aws_iam_role" "wakes_role" { # EventBridge Scheduler sends the wake-ups with it
  name_prefix        = "${var.name}-wakes-"
  assume_role_policy = local.by_scheduler
}

resource "aws_iam_role_policy" "wakes_role" {
  role = aws_iam_role.wakes_role.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "sqs:SendMessage"
      Resource = [aws_sqs_queue.events.arn, aws_sqs_queue.events_letters.arn]
    }]
  })
}

# -- the orchestrator --------------------------------------------------------------------------

resource "aws_cloudwatch_log_group" "processes_log" {
  name              = "/${var.name}/processes"
  retention_in_days = var.log_days
}

resource "aws_iam_role" "processes_role" {
  name_prefix        = "${var.name}-processes-"
  assume_role_policy = local.by_lambda
}

resource "aws_iam_role_policy" "processes_role" {
  role = aws_iam_role.processes_role.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"]
        Resource = "${aws_s3_bucket.records.arn}/processes/*"
      },
      { # also what tells a record that is not there from one that is denied
        Effect   = "Allow"
        Action   = "s3:ListBucket"
        Resource = aws_s3_bucket.records.arn
      },
      {
        Effect   = "Allow"
        Action   = ["events:PutEvents", "events:DescribeEventBus"]
        Resource = aws_cloudwatch_event_bus.bus.arn
      },
      {
        Effect   = "Allow"
        Action   = ["scheduler:CreateSchedule", "scheduler:GetSchedule", "scheduler:DeleteSchedule"]
        Resource = local.schedules
      },
      {
        Effect    = "Allow"
        Action    = "iam:PassRole"
        Resource  = aws_iam_role.wakes_role.arn
        Condition = { StringEquals = { "iam:PassedToService" = "scheduler.amazonaws.com" } }
      },
      {
        Effect   = "Allow"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        Resource = aws_sqs_queue.events.arn
      },
      {
        Effect = "Allow"
        Action = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = [
          "${aws_cloudwatch_log_group.processes_log.arn}:*",
          "${aws_cloudwatch_log_group.web_log.arn}:*",
        ]
      },
    ]
  })
}

resource "aws_lambda_function" "processes_function" {
  function_name    = "${var.name}-processes"
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "examples.book_summary.aws.processes.handler"
  filename         = var.zip
  source_code_hash = filebase64sha256(var.zip)
  memory_size      = 512
  timeout          = 30
  role             = aws_iam_role.processes_role.arn
  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.processes_log.name
  }
  environment {
    variables = local.environment
  }
}

resource "aws_lambda_event_source_mapping" "processes_source" {
  function_name           = aws_lambda_function.processes_function.arn
  event_source_arn        = aws_sqs_queue.events.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"] # without it, failed messages are lost
  scaling_config {
    maximum_concurrency = 20
  }
}

resource "aws_iam_role" "sweep_role" {
  name_prefix        = "${var.name}-sweep-"
  assume_role_policy = local.by_scheduler
}

resource "aws_iam_role_policy" "sweep_role" {
  role = aws_iam_role.sweep_role.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect   = "Allow"
      Action   = "lambda:InvokeFunction"
      Resource = aws_lambda_function.processes_function.arn
    }]
  })
}

resource "aws_scheduler_schedule" "sweep" {
  group_name          = aws_scheduler_schedule_group.wakes.name
  schedule_expression = "rate(5 minutes)"
  flexible_time_window {
    mode = "OFF"
  }
  target {
    arn      = aws_lambda_function.processes_function.arn
    role_arn = aws_iam_role.sweep_role.arn
    input    = jsonencode({ xorca = "sweep" })
  }
}

# -- the services ------------------------------------------------------------------------------

resource "aws_cloudwatch_log_group" "services_log" {
  name              = "/${var.name}/services"
  retention_in_days = var.log_days
}

resource "aws_iam_role" "services_role" {
  name_prefix        = "${var.name}-services-"
  assume_role_policy = local.by_lambda
}

resource "aws_iam_role_policy" "services_role" {
  role = aws_iam_role.services_role.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Effect   = "Allow"
        Action   = ["events:PutEvents", "events:DescribeEventBus"]
        Resource = aws_cloudwatch_event_bus.bus.arn
      },
      {
        Effect   = "Allow"
        Action   = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        Resource = aws_sqs_queue.commands.arn
      },
      {
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.services_log.arn}:*"
      },
    ]
  })
}

resource "aws_lambda_function" "services_function" {
  function_name    = "${var.name}-services"
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "examples.book_summary.aws.services.handler"
  filename         = var.zip
  source_code_hash = filebase64sha256(var.zip)
  memory_size      = 512
  timeout          = 30
  role             = aws_iam_role.services_role.arn
  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.services_log.name
  }
  environment {
    variables = { BOOKS_BUS = aws_cloudwatch_event_bus.bus.name }
  }
}

resource "aws_lambda_event_source_mapping" "services_source" {
  function_name           = aws_lambda_function.services_function.arn
  event_source_arn        = aws_sqs_queue.commands.arn
  batch_size              = 10
  function_response_types = ["ReportBatchItemFailures"]
  scaling_config {
    maximum_concurrency = 20
  }
}

# -- HTTP --------------------------------------------------------------------------------------

resource "aws_cloudwatch_log_group" "web_log" {
  name              = "/${var.name}/web"
  retention_in_days = var.log_days
}

resource "aws_lambda_function" "web_function" {
  function_name    = "${var.name}-web"
  runtime          = "python3.13"
  architectures    = ["arm64"]
  handler          = "examples.book_summary.aws.web.handler"
  filename         = var.zip
  source_code_hash = filebase64sha256(var.zip)
  memory_size      = 512
  timeout          = 30
  role             = aws_iam_role.processes_role.arn
  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.web_log.name
  }
  environment {
    variables = local.environment
  }
}

resource "aws_lambda_function_url" "web_url" {
  function_name      = aws_lambda_function.web_function.function_name
  authorization_type = "AWS_IAM"
}

output "url" {
  description = "Start and look at processes here; requests are signed (SigV4)"
  value       = aws_lambda_function_url.web_url.function_url
}

output "bus" {
  value = aws_cloudwatch_event_bus.bus.name
}
