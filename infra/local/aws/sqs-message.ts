/** What SQS asks of one message before it takes it, and the checksums it answers with. */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { ServiceError } from './service-error.ts';

/** Body and attributes of one message, and of all messages of one batch. */
export const maxMessageBytes = 1_048_576;
const maxAttributes = 10;

const attributeShape = z.object({
  DataType: z.string().min(1).max(256),
  StringValue: z.string().optional(),
  /** Base64. */
  BinaryValue: z.string().optional(),
});

export const attributesShape = z.record(z.string(), attributeShape);
export type MessageAttributes = z.output<typeof attributesShape>;

export const messageShape = z.object({
  MessageBody: z.string().optional(),
  DelaySeconds: z.number().nullish(),
  MessageAttributes: attributesShape.nullish(),
  MessageSystemAttributes: attributesShape.nullish(),
  MessageDeduplicationId: z.string().nullish(),
  MessageGroupId: z.string().nullish(),
});
export type MessageInput = z.output<typeof messageShape>;

export interface CheckedMessage {
  readonly body: string;
  readonly md5: string;
  readonly delayS: number | undefined;
  readonly groupId: string;
  readonly attributes: MessageAttributes;
  readonly attributesMd5: string | undefined;
  readonly systemAttributes: MessageAttributes;
  readonly systemMd5: string | undefined;
}

/** Throws the ServiceError that SQS answers for a message it does not take. */
export function checkMessage(input: MessageInput): CheckedMessage {
  const body = input.MessageBody ?? '';
  if (body === '') throw missingParameter('MessageBody');
  if (messageBytes(input) > maxMessageBytes) {
    throw invalidParameter(
      `One or more parameters are invalid. Reason: Message must be shorter than ${maxMessageBytes} bytes.`,
    );
  }
  if (forbiddenCharacter(body)) {
    throw new ServiceError(
      'InvalidMessageContents',
      'Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD | #x10000 to #x10FFFF',
      {
        queryCode: 'InvalidMessageContents',
      },
    );
  }
  const delayS = input.DelaySeconds ?? undefined;
  if (delayS !== undefined) requireWhole('DelaySeconds', delayS, 0, 900);
  if (input.MessageDeduplicationId) {
    throw invalidParameter(
      'The request include parameter that is not valid for this queue type. MessageDeduplicationId is for FIFO queues.',
    );
  }
  const attributes = input.MessageAttributes ?? {};
  const systemAttributes = input.MessageSystemAttributes ?? {};
  checkAttributes(attributes);
  checkSystemAttributes(systemAttributes);
  return {
    body,
    md5: md5(body),
    delayS,
    groupId: checkGroup(input.MessageGroupId),
    attributes,
    attributesMd5: attributesMd5(attributes),
    systemAttributes,
    systemMd5: attributesMd5(systemAttributes),
  };
}

export function messageBytes(input: MessageInput): number {
  let bytes = Buffer.byteLength(input.MessageBody ?? '');
  for (const [name, attribute] of Object.entries(input.MessageAttributes ?? {})) {
    bytes += Buffer.byteLength(name) + Buffer.byteLength(attribute.DataType) + valueBytes(attribute).length;
  }
  return bytes;
}

/** MD5 over name, type and value of every attribute by name, each with its length in four bytes; none without attributes. */
export function attributesMd5(attributes: MessageAttributes): string | undefined {
  const entries = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  if (entries.length === 0) return undefined;
  const hash = createHash('md5');
  for (const [name, attribute] of entries) {
    const value = valueBytes(attribute);
    hash.update(withLength(Buffer.from(name))).update(withLength(Buffer.from(attribute.DataType)));
    hash.update(Buffer.from([attribute.BinaryValue === undefined ? 1 : 2])).update(withLength(value));
  }
  return hash.digest('hex');
}

export function requireWhole(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw invalidParameter(
    `Value ${value} for parameter ${name} is invalid. Reason: Must be >= ${min} and <= ${max}, if provided.`,
  );
}

export function invalidParameter(message: string): ServiceError {
  return new ServiceError('InvalidParameterValueException', message, { queryCode: 'InvalidParameterValue' });
}

export function missingParameter(name: string): ServiceError {
  return new ServiceError('MissingRequiredParameterException', `The request must contain the parameter ${name}.`, {
    queryCode: 'MissingParameter',
  });
}

function checkGroup(groupId: string | null | undefined): string {
  if (groupId === null || groupId === undefined) return '';
  if (/^[A-Za-z0-9!"#$%&'()*+,\-./:;<=>?@[\\\]^_`{|}~]{1,128}$/.test(groupId)) return groupId;
  throw invalidParameter(
    `Value ${groupId} for parameter MessageGroupId is invalid. Reason: MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length.`,
  );
}

function checkAttributes(attributes: MessageAttributes): void {
  const entries = Object.entries(attributes);
  if (entries.length > maxAttributes) {
    throw invalidParameter(
      `Number of message attributes [${entries.length}] exceeds the allowed maximum [${maxAttributes}].`,
    );
  }
  for (const [name, { DataType, StringValue, BinaryValue }] of entries) {
    if (!/^(?!aws\.|amazon\.|\.)[A-Za-z0-9_.-]{1,256}(?<!\.)$/i.test(name) || name.includes('..')) {
      throw invalidParameter(`The message attribute name '${name}' is invalid.`);
    }
    if (!/^(String|Number|Binary)(\..+)?$/.test(DataType)) {
      throw invalidParameter(`The message attribute '${name}' has an invalid message attribute type.`);
    }
    const value = DataType.startsWith('Binary') ? BinaryValue : StringValue;
    if (value === undefined || value === '' || forbiddenCharacter(value)) {
      throw invalidParameter(`The message attribute '${name}' must contain a non-empty value of the type ${DataType}.`);
    }
    if (DataType.startsWith('Number') && !Number.isFinite(Number(value))) {
      throw invalidParameter(`Can't cast the value of message attribute '${name}' to a number.`);
    }
  }
}

function checkSystemAttributes(attributes: MessageAttributes): void {
  const other = Object.keys(attributes).find((name) => name !== 'AWSTraceHeader');
  if (other !== undefined) throw invalidParameter(`Message system attribute name '${other}' is invalid.`);
}

/** Control characters, lone surrogates, U+FFFE and U+FFFF. */
function forbiddenCharacter(text: string): boolean {
  return !text.isWellFormed() || /[^\t\n\r\u0020-\uFFFD]/.test(text);
}

function valueBytes(attribute: z.output<typeof attributeShape>): Buffer {
  return attribute.BinaryValue === undefined
    ? Buffer.from(attribute.StringValue ?? '')
    : Buffer.from(attribute.BinaryValue, 'base64');
}

function withLength(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
