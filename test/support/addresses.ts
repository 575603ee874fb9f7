/** Cases for joining `url` and `apiPath`, shared by the tests of `makeAddress` and loader.js. */
export interface AddressCase {
  url: string;
  apiPath?: string;
  /** The base of all REST routes. */
  api: string;
}

export const ADDRESSES: readonly AddressCase[] = [
  { url: 'https://api.example', api: 'https://api.example/api/chat/' },
  { url: 'https://api.example/', api: 'https://api.example/api/chat/' },
  { url: 'https://api.example//', api: 'https://api.example/api/chat/' },
  { url: 'https://api.example/v2', api: 'https://api.example/v2/api/chat/' },
  { url: 'https://api.example/v2/?tenant=1', api: 'https://api.example/v2/api/chat/' },
  { url: 'https://api.example?tenant=1#top', api: 'https://api.example/api/chat/' },
  { url: 'https://ana:secret@api.example', api: 'https://api.example/api/chat/' },
  // Without the leading slash, the path must not become part of the host.
  { url: 'https://api.example', apiPath: 'api/chat/', api: 'https://api.example/api/chat/' },
  { url: 'https://api.example', apiPath: '.evil.example/', api: 'https://api.example/.evil.example/' },
  { url: 'https://api.example', apiPath: '@evil.example/', api: 'https://api.example/@evil.example/' },
  { url: 'https://api.example', apiPath: '//evil.example/', api: 'https://api.example/evil.example/' },
  { url: 'https://api.example', apiPath: 'https://evil.example/', api: 'https://api.example/https://evil.example/' },
  { url: 'https://api.example/v2', apiPath: '/chat', api: 'https://api.example/v2/chat/' },
  { url: 'https://api.example', apiPath: '/chat?x=1', api: 'https://api.example/chat/' },
  { url: 'https://api.example', apiPath: '', api: 'https://api.example/' },
  { url: 'https://api.example/a', apiPath: '../b/', api: 'https://api.example/b/' },
];
