import { expect } from '@open-wc/testing';
import { sendKeys, sendMouse, setViewport, emulateMedia, executeServerCommand } from '@web/test-runner-commands';
import { startBackend } from './backend.js';
describe('smoke', () => {
  it('fetches json', async () => { expect((await (await fetch(new URL('../contract/transcripts/django-channels.json', import.meta.url))).json())).to.be.an('array'); });
  it('viewport', async () => { await setViewport({ width: 400, height: 500 }); await new Promise((r) => setTimeout(r, 100)); expect([innerWidth, innerHeight]).to.deep.equal([400, 500]); await setViewport({ width: 1000, height: 700 }); await new Promise((r) => setTimeout(r, 100)); expect([innerWidth, innerHeight]).to.deep.equal([1000, 700]); });
  it('keys', async () => {
    const a = document.createElement('textarea'); document.body.append(a); a.focus();
    const log: string[] = []; a.addEventListener('keydown', (e) => log.push((e.shiftKey ? 'S+' : '') + e.key));
    await sendKeys({ type: 'Hi ü' }); await sendKeys({ press: 'Enter' }); await sendKeys({ down: 'Shift' }); await sendKeys({ press: 'Enter' }); await sendKeys({ up: 'Shift' }); await sendKeys({press: 'ArrowUp'});
    expect(a.value).to.equal('Hi ü\n\n'); expect(log.join(' ')).to.contain('S+Enter').and.to.contain('ArrowUp');
  });
  it('tab', async () => { const b = document.createElement('button'); document.body.append(b); await sendKeys({ press: 'Tab' }); expect(document.activeElement === b).to.equal(true); expect(b.matches(':focus-visible')).to.equal(true); });
  it('mouse', async () => { const b = document.createElement('button'); b.style.cssText = 'position:fixed;left:50px;top:60px;width:50px;height:50px'; document.body.append(b); let n = 0; b.onclick = () => n++; await sendMouse({ type: 'click', position: [70, 80] }); expect(n).to.equal(1); });
  it('media dark', async () => { await emulateMedia({ colorScheme: 'dark' }); expect(matchMedia('(prefers-color-scheme: dark)').matches).to.equal(true); });
  it('media motion', async () => { await emulateMedia({ reducedMotion: 'reduce' }); expect(matchMedia('(prefers-reduced-motion: reduce)').matches).to.equal(true); });
  it('visible', () => { expect(document.visibilityState).to.equal('visible'); expect(document.hasFocus()).to.equal(true); });
  it('backend', async () => { const t = performance.now(); const b = await startBackend(); const r = await fetch(b.url + '/api/chat/rooms/', { headers: { Authorization: `Bearer ${await b.token(1)}` } }); expect(r.status).to.equal(200); console.log('backend in', performance.now() - t); await b.stop(); await b.again(); await b.end(); void executeServerCommand; });
});
