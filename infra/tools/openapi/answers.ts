/** What operations answer: successes with their headers and examples, problems by status and code, the gateway's own. */

import type { EndpointContract } from '../../../functions/_kit/contract.ts';
import { errorsOf } from '../../../functions/_kit/endpoint.ts';
import { HTML } from '../../../functions/_kit/page.ts';
import { Problem, statusOf } from '../../../functions/_kit/problem.ts';
import { errors } from '../../../shared/error-table.ts';
import { exampleOf, idOf, nounOf } from './examples.ts';
import { kindOf, notModifiedFields, type ProblemKind, problemFields, successFields } from './headers.ts';
import type { JsonSchema, SchemaBook } from './schemas.ts';

type Code = EndpointContract['errors'][number];

/** What the gateway writes itself, before or instead of a function: https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html */
const GATEWAY_STATUSES: readonly number[] = [400, 413, 429, 431, 500, 503];

const REASONS: Readonly<Record<number, string>> = {
  200: 'Done.',
  201: 'Created.',
  202: 'Accepted.',
  204: 'Done; there is no body.',
  302: 'Redirect.',
  304: 'Your copy is current.',
};

/** In the gateway's own words. */
const GATEWAY_MESSAGES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  413: 'Request Entity Too Large',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  503: 'Service Unavailable',
};

/** An HTTP API takes no header fields for what it writes itself: only REST APIs have gateway responses to edit. */
const UNTIMED: readonly number[] = [429, 503];
const NO_TIME = ' Comes without `Retry-After`: wait a second, and double the wait each time.';

export const GatewayMessage: JsonSchema = {
  type: 'object',
  description: 'Sent by the gateway itself when a request did not reach a function, or got no answer from one.',
  properties: { message: { type: 'string' } },
  required: ['message'],
};

/** A read that clients may keep and ask for again. */
export function isTagged({ method, response, secretAnswer, cached }: EndpointContract): boolean {
  return cached === true || (method === 'GET' && response !== undefined && secretAnswer !== true);
}

/** Responses that many operations share are components. */
export interface AnswerBook {
  responses(operation: string, contract: EndpointContract): Record<string, JsonSchema>;
  /** Call it last. */
  components(): { readonly responses: Record<string, JsonSchema>; readonly examples: Record<string, JsonSchema> };
}

export function openAnswerBook(book: SchemaBook): AnswerBook {
  const problem = book.schema(Problem, 'output');
  const shared = new Map<string, JsonSchema>();
  const codes = new Set<Code>();

  function failure(status: number, among: readonly Code[], kind: ProblemKind): JsonSchema {
    const sorted = [...among].sort();
    for (const code of sorted) codes.add(code);
    const name = nameOf(status, sorted, kind);
    if (!shared.has(name)) shared.set(name, failureOf(status, sorted, { problem, ...kind }));
    return { $ref: `#/components/responses/${name}` };
  }

  return {
    responses(operation, contract) {
      const byStatus = Map.groupBy(codesAt(contract), statusOf);
      const statuses = [...new Set([...byStatus.keys(), ...GATEWAY_STATUSES])].sort((a, b) => a - b);
      const kind = kindOf(contract);
      return {
        [contract.status]: successOf(operation, contract, book),
        ...(isTagged(contract) && { 304: notModified(contract) }),
        ...Object.fromEntries(statuses.map((status) => [status, failure(status, byStatus.get(status) ?? [], kind)])),
      };
    },
    components: () => ({
      responses: Object.fromEntries([...shared].sort(([a], [b]) => (a < b ? -1 : 1))),
      examples: Object.fromEntries([...codes].sort().map((code) => [code, problemExample(code)])),
    }),
  };
}

/** A client that fills an id in with a slash, or with nothing, asks for a path that no route has. */
function codesAt(contract: EndpointContract): readonly Code[] {
  return contract.params === undefined ? errorsOf(contract) : [...errorsOf(contract), 'no_such_route'];
}

/** Generators make a type of it: it must be a name in their languages, `Problem404NotFound`. */
function nameOf(status: number, codes: readonly Code[], { counted, forPeople }: ProblemKind): string {
  const words = codes.map((code) => code.replaceAll(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase()));
  const from = forPeople ? 'ProblemPage' : 'Problem';
  const who = codes.length === 0 ? `Gateway${status}` : `${from}${status}${words.join('Or')}`;
  return counted ? who : `${who}Uncounted`;
}

function successOf(operation: string, contract: EndpointContract, book: SchemaBook): JsonSchema {
  const description = REASONS[contract.status] ?? '';
  const tagged = isTagged(contract) || (contract.response !== undefined && contract.ifMatch === true);
  const answered = { description, headers: successFields(contract, tagged) };
  if (contract.status === 302) return answered;
  if (contract.response !== undefined) {
    const example = contract.example?.response ?? exampleOf(contract.response, 'output', objectOf(operation));
    const schema = book.schema(contract.response, 'output');
    return {
      ...answered,
      content: { 'application/json': { schema, ...(example !== undefined && { example }) } },
    };
  }
  if (contract.content === undefined) return answered;
  const kinds = [contract.content].flat();
  // JSON without a declared shape is a document that others have specified.
  const described = (kind: string) => [kind, { schema: { type: /[/+]json\b/.test(kind) ? 'object' : 'string' } }];
  return { ...answered, content: Object.fromEntries(kinds.map(described)) };
}

/** `createReportLink`: reportLink. */
export function objectOf(operation: string): string {
  return nounOf(operation.replace(/^[a-z]+(?=[A-Z])/, ''));
}

function notModified(contract: EndpointContract): JsonSchema {
  return { description: REASONS[304], headers: notModifiedFields(contract) };
}

interface Failure extends ProblemKind {
  readonly problem: JsonSchema;
}

function failureOf(status: number, codes: readonly Code[], { problem, counted, forPeople }: Failure): JsonSchema {
  const words = codes.map((code) => `\`${code}\`: ${errors[code].title}`);
  const message = GATEWAY_MESSAGES[status];
  if (message !== undefined) words.push(`The gateway itself: ${message}.${UNTIMED.includes(status) ? NO_TIME : ''}`);
  const byCode = { allOf: [problem, { type: 'object', properties: { code: { enum: codes } } }] };
  const examples = codes.map((code) => [code, { $ref: `#/components/examples/${code}` }]);
  return {
    description: words.join('\n'),
    headers: problemFields(codes, { counted, forPeople, fromGateway: message !== undefined }),
    content: {
      ...(codes.length > 0 && {
        'application/problem+json': { schema: byCode, examples: Object.fromEntries(examples) },
      }),
      ...(codes.length > 0 && forPeople && { [HTML]: { schema: { type: 'string' } } }),
      ...(message !== undefined && {
        'application/json': { schema: { $ref: '#/components/schemas/GatewayMessage' }, example: { message } },
      }),
    },
  };
}

/** The problem as a caller gets it; what stands in it of the request is made up. */
function problemExample(code: Code): JsonSchema {
  const { title, actor, retryable } = errors[code];
  return {
    summary: title,
    value: {
      type: `urn:posthaste:problem:${code}`,
      title,
      status: statusOf(code),
      instance: `/v1/posts/${idOf('post')}`,
      code,
      actor,
      retryable,
      requestId: 'Zk3Tqg2wIAMEVkQ=',
      ...(statusOf(code) === 422 && { errors: [{ pointer: '/body/text', message: 'is too long', code: 'too_big' }] }),
    },
  };
}
