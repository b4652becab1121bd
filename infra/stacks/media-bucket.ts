/** What the buckets are called: two stacks name one of them, and one of the stacks stands before it. */
import type { Stack } from 'aws-cdk-lib';
import type { Settings } from '../stages.ts';

/** Fixed, so that the queue's policy can name the bucket before it exists. */
export function mediaBucketName(stack: Stack, settings: Settings): string {
  return `posthaste-${settings.stage}-media-${stack.account}-${stack.region}`;
}

/** ARN of the media bucket, known without the bucket. */
export function mediaBucketArn(stack: Stack, settings: Settings): string {
  return stack.formatArn({ service: 's3', region: '', account: '', resource: mediaBucketName(stack, settings) });
}

export function archiveBucketName(stack: Stack, settings: Settings): string {
  return `posthaste-${settings.stage}-archive-${stack.account}-${stack.region}`;
}

export function archiveBucketArn(stack: Stack, settings: Settings): string {
  return stack.formatArn({ service: 's3', region: '', account: '', resource: archiveBucketName(stack, settings) });
}
