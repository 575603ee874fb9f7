/**
 * The elements are loaded after the first render. Angular sets properties on any element, so a property binding works
 * too.
 */
import '@angular/compiler';
import {
  afterNextRender,
  Component,
  CUSTOM_ELEMENTS_SCHEMA,
  provideZonelessChangeDetection,
  signal,
} from '@angular/core';
import { bootstrapApplication } from '@angular/platform-browser';
import type { ChatTokenExpiredEvent } from 'unified-chat';

@Component({
  selector: 'app-root',
  schemas: [CUSTOM_ELEMENTS_SCHEMA],
  template: `
    <h1>Angular, loaded late</h1>
    <button id="open" (click)="room.set(1)">Open the conversation</button>
    <chat-connection id="attribute" token-url="/demo/token/ana">
      <chat-rooms [selected]="2"></chat-rooms>
      <chat-thread [room]="room()"></chat-thread>
    </chat-connection>
    <chat-connection id="event" (chat-token-expired)="answer($event)"></chat-connection>
    <chat-connection id="property" [tokenProvider]="fetchToken"></chat-connection>
  `,
})
class App {
  readonly room = signal<number | undefined>(undefined);

  constructor() {
    afterNextRender(() => void import('unified-chat'));
  }

  readonly fetchToken = async (): Promise<string> => {
    const answer = await fetch('/demo/token/ana');
    return ((await answer.json()) as { token: string }).token;
  };

  answer(event: ChatTokenExpiredEvent): void {
    event.respondWith(this.fetchToken());
  }
}

void bootstrapApplication(App, { providers: [provideZonelessChangeDetection()] });
