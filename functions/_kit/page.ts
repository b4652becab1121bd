/** HTML for a browser, under a policy that runs and loads nothing but what the page declares. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import type { AppError } from '../../shared/errors.ts';
import { problemPage, problemSheet } from '../../shared/html/problem-page.ts';
import type { EndpointContract } from './contract.ts';
import type { Page } from './reply.ts';

export const HTML = 'text/html; charset=utf-8';

export interface HtmlPage {
  readonly title: string;
  /** HTML of the body; whoever makes it escapes. */
  readonly body: string;
  /** Inline style sheet and script of the page; allowed by their hashes. */
  readonly style?: string;
  readonly script?: string;
  /** HTML for the head, such as links to our own files. */
  readonly head?: string;
  /** Further sources by directive, such as `{ 'connect-src': "'self'" }`. */
  readonly sources?: Readonly<Record<string, string>>;
}

export function htmlPage({ title, body, style, script, head = '', sources = {} }: HtmlPage): Page {
  const policy: Record<string, string> = {
    'default-src': "'none'",
    'base-uri': "'none'",
    'form-action': "'none'",
    'frame-ancestors': "'none'",
    ...sources,
  };
  if (style !== undefined) policy['style-src'] = join(policy['style-src'], hashOf(style));
  if (script !== undefined) policy['script-src'] = join(policy['script-src'], hashOf(script));
  return {
    body: [
      '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">',
      `<title>${title}</title>${head}`,
      style === undefined ? '' : `<style>${style}</style>`,
      `</head><body>${body}`,
      script === undefined ? '' : `<script>${script}</script>`,
      '</body></html>',
    ].join(''),
    headers: {
      'content-security-policy': Object.entries(policy)
        .map(([directive, value]) => `${directive} ${value}`)
        .join('; '),
      'referrer-policy': 'no-referrer',
    },
  };
}

/** Whether people come to the door with a browser: by a link, or sent back from elsewhere. All else is for programs alone. */
export function isForPeople({ auth, method, content }: EndpointContract): boolean {
  return auth === 'page' || method === '$default' || [content].flat().includes(HTML);
}

/** The same problem as a page, where a browser asks a door for people; status, code and header fields stay. */
export function asPage(
  problem: APIGatewayProxyStructuredResultV2,
  { contract, error, event }: { contract: EndpointContract; error: AppError; event: APIGatewayProxyEventV2 },
): APIGatewayProxyStructuredResultV2 {
  if (!isForPeople(contract)) return problem;
  const headers = { ...problem.headers, vary: 'accept' };
  if (!prefersPage(event.headers.accept ?? '')) return { ...problem, headers };
  const { title, body } = problemPage(error, event.requestContext.requestId);
  const head = '<meta name="robots" content="noindex">';
  const page = htmlPage({ title: title.markup, body: body.markup, style: problemSheet, head });
  return { ...problem, headers: { ...headers, ...page.headers, 'content-type': HTML }, body: String(page.body) };
}

/** By weight (RFC 9110, section 12.5.1), where a page is named: who takes anything alike is a program. */
function prefersPage(accept: string): boolean {
  const weights = new Map<string, number>();
  for (const part of accept.toLowerCase().split(',')) {
    const [range = '', ...parameters] = part.split(';').map((word) => word.trim());
    const weight = parameters.find((word) => word.startsWith('q='))?.slice(2) ?? '1';
    weights.set(range, Number(weight) || 0);
  }
  const page = weights.get('text/html') ?? 0;
  const named = ['application/problem+json', 'application/json'].flatMap((name) => weights.get(name) ?? []);
  if (named.length > 0) return page > Math.max(...named);
  return page > 0 && page >= (weights.get('application/*') ?? weights.get('*/*') ?? 0);
}

function join(known: string | undefined, source: string): string {
  return known === undefined ? source : `${known} ${source}`;
}

function hashOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}

/**
 * A file of an npm package: beside the bundle on Lambda, in node_modules when the door runs from source.
 * @param specifier the module that the contract's `assets` names for the file
 */
export async function readAsset(name: string, specifier: string): Promise<string> {
  try {
    return await readFile(new URL(name, import.meta.url), 'utf8');
  } catch {
    return readFile(createRequire(import.meta.url).resolve(specifier), 'utf8');
  }
}
