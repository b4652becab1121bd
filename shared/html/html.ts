/** HTML and SVG by template: whatever is put in is escaped, unless it was made by this very tag. */

export interface Html {
  readonly markup: string;
}

type Content = Html | string | number | null | false | readonly Content[];

const made = new WeakSet<object>();

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  const markup = parts.reduce((text, part, index) => text + write(contents[index - 1] ?? null) + part);
  const result = { markup };
  made.add(result);
  return result;
}

function write(content: Content): string {
  if (content === null || content === false) return '';
  if (typeof content === 'string' || typeof content === 'number') return escapeHtml(String(content));
  if ('markup' in content) {
    if (!made.has(content)) throw new Error('markup that no template made');
    return content.markup;
  }
  return content.map(write).join('');
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
