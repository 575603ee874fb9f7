import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { textParts } from '../../src/elements/chat-thread/text-parts.js';

/** The links of a text. */
const links = (text: string): string[] => [...textParts(text)].flatMap(({ href }) => href ?? []);

/** A text and the links in it. */
const TABLE: [text: string, ...links: string[]][] = [
  ['see https://example.com/a?b=c#d now', 'https://example.com/a?b=c#d'],
  ['https://example.com.', 'https://example.com'],
  ['https://example.com/, and', 'https://example.com/'],
  ['really https://example.com/a?!', 'https://example.com/a'],
  ['(https://example.com/a)', 'https://example.com/a'],
  ['(see https://en.wikipedia.org/wiki/Lit_(web).)', 'https://en.wikipedia.org/wiki/Lit_(web)'],
  ['https://en.wikipedia.org/wiki/Lit_(web)', 'https://en.wikipedia.org/wiki/Lit_(web)'],
  ['https://example.com/a(b)c', 'https://example.com/a(b)c'],
  ['[https://example.com/[a]]', 'https://example.com/[a]'],
  ['{https://example.com/{a}}', 'https://example.com/{a}'],
  ["https://en.wikipedia.org/wiki/Rubik's_Cube", "https://en.wikipedia.org/wiki/Rubik's_Cube"],
  ["'https://example.com/a'", 'https://example.com/a'],
  ['"https://example.com/a"', 'https://example.com/a'],
  ['<https://example.com/a>', 'https://example.com/a'],
  ['«https://example.com/a»', 'https://example.com/a'],
  ['„https://example.com/a“', 'https://example.com/a'],
  ['“https://example.com/a”…', 'https://example.com/a'],
  ['（https://example.com/a）', 'https://example.com/a'],
  ['「https://example.com/a」', 'https://example.com/a'],
  ['看https://example.com/a。好', 'https://example.com/a'],
  ['看 https://example.com/a。好', 'https://example.com/a'],
  ['https://example.com/a、https://example.com/b', 'https://example.com/a', 'https://example.com/b'],
  ['http://[::1]:8080/a', 'http://[::1]:8080/a'],
  ['http://[2001:db8::1]/', 'http://[2001:db8::1]/'],
  ['Https://Example.com/a HTTP://example.com', 'Https://Example.com/a', 'HTTP://example.com'],
  ['https://bücher.example/straße', 'https://bücher.example/straße'],
  ['https://example.com/a_b_c*d*', 'https://example.com/a_b_c*d'],
  ['www.example.com/a', 'https://www.example.com/a'],
  ['Www.example.com.', 'https://Www.example.com'],
  ['www. is not, nor www.example, nor awww.example.com'],
  ['ana@www.example.com'],
  ['mailto:ana@example.com', 'mailto:ana@example.com'],
  ['mailto:ana@example.com?subject=hi.', 'mailto:ana@example.com?subject=hi'],
  ['mailto:ana, mailto:@example.com, mailto:ana@com'],
  ['tel:+49-30-123456', 'tel:+49-30-123456'],
  ['(tel:+1(555)0100)', 'tel:+1(555)0100'],
  ['tel:abc, hotel:123, tel:+49x'],
  ['javascript:alert(1) data:text/html,x file:///etc/passwd vbscript:x'],
  ['https:// http://. https://?'],
  ['https://bank.example@evil.example/'],
  ['xhttps://example.com'],
  ['https://example.com/https://example.com', 'https://example.com/https://example.com'],
];

describe('12.11: links', () => {
  for (const [text, ...expected] of TABLE) {
    it(`${JSON.stringify(text)}: ${expected.length > 0 ? expected.join(' ') : 'none'}`, () => {
      assert.deepEqual(links(text), expected);
    });
  }

  it('keeps the text of everything that is not suspicious', () => {
    for (const [text] of TABLE) {
      const parts = [...textParts(text)];
      if (parts.every(({ href }) => !href || new URL(href).host === /\/\/([^/?#]*)|$/.exec(href)![1]))
        assert.equal(parts.map((part) => part.text).join(''), text);
    }
  });

  it('takes linear time', { timeout: 2_000 }, () => {
    for (const part of ['(', ')', '.', 'www.', 'https://', 'mailto:a@'])
      for (const start of ['', 'https://a.b/']) assert.ok([...textParts(start + part.repeat(50_000))].length > 0);
  });
});
