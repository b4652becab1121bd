/** A problem as the person sees it who opened a link: what happened, and what to do. Nothing of the request stands in it. */
import { errors } from '../error-table.ts';
import type { AppError, ErrorCode } from '../errors.ts';
import { type Html, html } from './html.ts';
import { baseSheet } from './sheet.ts';

interface Words {
  readonly heading: string;
  readonly advice: string;
}

export interface ProblemPage {
  readonly title: Html;
  readonly body: Html;
}

export const problemSheet = `${baseSheet}main{max-width:34rem;padding-top:12vh}code{overflow-wrap:anywhere}`;

const BEGIN_AGAIN = 'Go back to where you began, and begin again.';
const COPY_ALL = 'Where it stands in a mail over two lines, copy all of it into the address line.';

const WORDS: { readonly [Code in ErrorCode]?: Words } = {
  not_found: {
    heading: 'This link does not work',
    advice: `It is incomplete, or what it led to has ended. ${COPY_ALL} If that does not help, ask for a new one.`,
  },
  no_such_route: {
    heading: 'There is no page here',
    advice: `The address is incomplete, or has more in it than it should. ${COPY_ALL}`,
  },
  method_not_allowed: { heading: 'There is no page here', advice: 'This address is for programs.' },
  invalid_request: {
    heading: 'This address is incomplete',
    advice: `Something in it is missing or was changed on the way. ${BEGIN_AGAIN}`,
  },
  invalid_state: {
    heading: 'This sign-in cannot go on',
    advice: `It took too long, is finished already, or was begun in another browser. ${BEGIN_AGAIN}`,
  },
  internal: {
    heading: 'Something went wrong on our side',
    advice: 'Try again in a while. If it stays so, tell the operator the reference below.',
  },
  database_unavailable: {
    heading: 'We are away for a moment',
    advice: 'Nothing was lost. Load this page again in a minute.',
  },
};

/** @param requestId by which the operator finds the request in the log */
export function problemPage(error: AppError, requestId: string): ProblemPage {
  const { heading, advice } = wordsOf(error);
  return {
    title: html`${heading} – Posthaste`,
    body: html`<main><div class="card"><h1>${heading}</h1><p>${advice}</p>
<p class="soft">Reference: <code>${error.code}</code> <code>${requestId}</code></p></div></main>`,
  };
}

function wordsOf({ code, detail }: AppError): Words {
  if (code === 'too_many_requests') {
    const waitS = Math.max(1, Math.ceil(detail.retryAfterS ?? 60));
    return { heading: 'Too many tries', advice: `Load this page again in ${waitS} seconds.` };
  }
  const { title, retryable } = errors[code];
  return WORDS[code] ?? { heading: title, advice: retryable ? BEGIN_AGAIN : 'Go back to where you began.' };
}
