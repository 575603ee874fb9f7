/** What tests do with the pages of demo/examples/headless. */
import type { Page } from 'puppeteer-core';

/** The row whose text contains these words, if there is one. */
export const ROW = (words: string): string => `::-p-xpath(//ol[@id="messages"]/li[contains(., "${words}")])`;
export const BUTTON = (words: string, name: string): string =>
  `::-p-xpath(//ol[@id="messages"]/li[contains(., "${words}")]//button[@name="${name}" and not(@hidden)])`;

/** Polls: the page that is not in front renders no frames. */
export const until: <Args extends unknown[]>(
  page: Page,
  condition: (...args: Args) => unknown,
  ...args: Args
) => Promise<unknown> = (page, condition, ...args) =>
  page.waitForFunction(condition as (...args: unknown[]) => unknown, { polling: 50 }, ...args);
export const shows = (page: Page, selector: string, words: string): Promise<unknown> =>
  until(page, (where, wanted) => document.querySelector(where)?.textContent.includes(wanted), selector, words);
/** Waits until the row with the first words contains the second ones. */
export const rowShows = (page: Page, words: string, wanted: string): Promise<unknown> =>
  until(
    page,
    (first, second) =>
      [...document.querySelectorAll('#messages li')].some(
        ({ textContent }) => textContent.includes(first) && textContent.includes(second),
      ),
    words,
    wanted,
  );
/** Waits until no row contains the words. */
export const rowGone = (page: Page, words: string): Promise<unknown> =>
  until(
    page,
    (wanted) => ![...document.querySelectorAll('#messages li')].some(({ textContent }) => textContent.includes(wanted)),
    words,
  );
export const press = async (page: Page, words: string, name: string): Promise<void> => {
  const button = (await page.waitForSelector(BUTTON(words, name)))!;
  await button.evaluate((element) => (element as HTMLElement).click());
};

/** Types into the composer, and presses Enter. */
export async function write(page: Page, words: string): Promise<void> {
  await page.focus('#composer textarea');
  await page.keyboard.type(words);
  await page.keyboard.press('Enter');
}
