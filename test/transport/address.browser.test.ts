import { expect } from '@open-wc/testing';
import { attachmentUrl, ChatError, makeAddress } from '../../src/transport/index.js';
import { ADDRESSES } from '../support/addresses.js';

describe('the address of a backend', () => {
  for (const { url, apiPath, api } of ADDRESSES) {
    it(`10.28: url="${url}"${apiPath === undefined ? '' : `, api-path="${apiPath}"`}: ${api}`, () => {
      const address = makeAddress({ url, apiPath, wsPath: apiPath });
      expect(address.api).to.equal(api);
      if (apiPath !== undefined) expect(address.socket).to.equal(api.replace(/^http/, 'ws'));
    });
  }

  it('defaults to the page', () => {
    expect(makeAddress({}).api).to.equal(`${location.origin}/api/chat/`);
    expect(makeAddress({ url: null, apiPath: null, wsPath: null }).socket).to.equal(
      `${location.origin.replace('http', 'ws')}/ws/chat/`,
    );
  });

  it('is rejected if invalid', () => {
    expect(() => makeAddress({ url: 'ftp://chat.example' })).to.throw(ChatError, /must begin with https/);
  });
});

it('10.29: a file URL with a user name is not linked, because it looks like another host', () => {
  expect(attachmentUrl('https://chat.example', 'https://bank.example@evil.example/a.pdf')).to.equal(null);
  expect(attachmentUrl('https://chat.example', '/media/a.pdf')).to.equal('https://chat.example/media/a.pdf');
});
