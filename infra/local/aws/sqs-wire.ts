/** Requests and answers of the SQS endpoint: their shapes, and what is the same in all operations. */
import { z } from 'zod';
import { ServiceError } from './service-error.ts';
import { type checkMessage, invalidParameter, missingParameter } from './sqs-message.ts';
import { accountId, type Queues, type ReceivedMessage } from './sqs-queues.ts';

export const queueInput = z.object({ QueueUrl: z.string() });
export const handleInput = queueInput.extend({ ReceiptHandle: z.string() });
export const visibilityInput = handleInput.extend({ VisibilityTimeout: z.number() });
export const receiveInput = queueInput.extend({
  MaxNumberOfMessages: z.number().nullish(),
  VisibilityTimeout: z.number().nullish(),
  WaitTimeSeconds: z.number().nullish(),
  AttributeNames: z.array(z.string()).nullish(),
  MessageSystemAttributeNames: z.array(z.string()).nullish(),
  MessageAttributeNames: z.array(z.string()).nullish(),
});
export function onWire(message: ReceivedMessage, request: z.output<typeof receiveInput>) {
  const systemNames = [...(request.MessageSystemAttributeNames ?? []), ...(request.AttributeNames ?? [])];
  const system = Object.entries(message.system).filter(
    ([name]) => systemNames.includes('All') || systemNames.includes(name),
  );
  const wanted = request.MessageAttributeNames ?? [];
  const attributes = Object.entries(message.attributes).filter(([name]) =>
    wanted.some(
      (want) => want === 'All' || want === name || (want.endsWith('.*') && name.startsWith(want.slice(0, -1))),
    ),
  );
  const whole = attributes.length > 0 && attributes.length === Object.keys(message.attributes).length;
  return {
    MessageId: message.id,
    ReceiptHandle: message.receipt,
    MD5OfBody: message.md5,
    Body: message.body,
    ...(system.length === 0 ? {} : { Attributes: Object.fromEntries(system) }),
    ...(attributes.length === 0 ? {} : { MessageAttributes: Object.fromEntries(attributes) }),
    ...(whole ? { MD5OfMessageAttributes: message.attributesMd5 } : {}),
  };
}

export function sent(id: string | undefined, message: ReturnType<typeof checkMessage>) {
  return {
    MessageId: id,
    MD5OfMessageBody: message.md5,
    ...(message.attributesMd5 === undefined ? {} : { MD5OfMessageAttributes: message.attributesMd5 }),
    ...(message.systemMd5 === undefined ? {} : { MD5OfMessageSystemAttributes: message.systemMd5 }),
  };
}

export function existing(queues: Queues, request: { readonly QueueUrl: string }): string {
  return queues.get(nameOf(request)).name;
}

/** The queue is named by the last segment of its URL, whatever the host. */
export function nameOf(request: { readonly QueueUrl: string }): string {
  const match = /^https?:\/\/[^/]+\/(\d{12})\/([A-Za-z0-9_.-]+)$/.exec(request.QueueUrl);
  if (match?.[2] === undefined || match[1] !== accountId) {
    throw new ServiceError('InvalidAddress', `The address ${request.QueueUrl} is not valid for this endpoint.`, {
      status: 404,
      queryCode: 'InvalidAddress',
    });
  }
  return match[2];
}

export function parse<S extends z.ZodType>(shape: S, input: unknown): z.output<S> {
  const result = shape.safeParse(input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const name = issue?.path.join('.') ?? '';
  if (issue?.code === 'invalid_type' && issue.input === undefined && issue.message.includes('undefined'))
    throw missingParameter(name);
  throw invalidParameter(`Value for parameter ${name} is invalid. Reason: ${issue?.message}.`);
}
