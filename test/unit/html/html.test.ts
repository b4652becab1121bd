import { expect, test } from 'vitest';
import { html } from '../../../shared/html/html.ts';

test('whatever is put in is text, and what a template made stays markup', () => {
  const evil = `"><script>alert('1')</script>&`;
  expect(html`<a title="${evil}">${evil}</a>`.markup).not.toMatch(/<script|title=""/);
  expect(html`<p>${html`<b>${'<i>'}</b>`}${[html`<br>`, '<hr>', 0]}${null}${false}</p>`.markup).toBe(
    '<p><b>&lt;i&gt;</b><br>&lt;hr&gt;0</p>',
  );
});

test('markup that no template made is refused', () => {
  expect(() => html`${{ markup: '<script>' }}`).toThrow();
});
