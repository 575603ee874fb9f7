import '@angular/compiler';
import { Component, CUSTOM_ELEMENTS_SCHEMA, provideZonelessChangeDetection, signal } from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import 'unified-chat';
import type { ChatBeforeSendEvent, ChatStateChangeEvent, ChatUnreadChangeEvent } from 'unified-chat';

@Component({
  selector: 'app-root',
  schemas: [CUSTOM_ELEMENTS_SCHEMA],
  template: `
    <h1>Angular</h1>
    <p class="bar">
      <span>State: <output id="state">{{ state() }}</output></span>
      <span>Unread: <output id="unread">{{ unread() }}</output></span>
      <label><input type="checkbox" id="quiet" (change)="isQuiet.set($any($event.target).checked)" /> Block sending</label>
    </p>
    <chat-connection [tokenProvider]="tokenProvider" (chat-state-change)="stateChanged($event)" (chat-unread-change)="unreadChanged($event)">
      <div class="chat">
        <chat-status always></chat-status>
        <chat-rooms [selected]="1"></chat-rooms>
        <chat-thread (chat-before-send)="beforeSend($event)"></chat-thread>
      </div>
    </chat-connection>
  `,
})
class App {
  readonly state = signal('idle');
  readonly unread = signal(0);
  readonly isQuiet = signal(false);

  /** Called for the first token, and before each token expires. Replace it with the token request of your site. */
  readonly tokenProvider = async (): Promise<string> => {
    const answer = await fetch('/demo/token/ana');
    return ((await answer.json()) as { token: string }).token;
  };

  stateChanged({ state }: ChatStateChangeEvent): void {
    this.state.set(state);
  }

  unreadChanged({ total }: ChatUnreadChangeEvent): void {
    this.unread.set(total);
  }

  beforeSend(event: ChatBeforeSendEvent): void {
    if (this.isQuiet()) event.preventDefault();
  }
}

void bootstrapApplication(App, { providers: [provideZonelessChangeDetection()] });
