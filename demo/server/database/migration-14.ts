/**
 * Migration 14: how far messages have reached each member's devices, and users who hide their receipts.
 *
 * Both are a column of a row that exists anyway. Nothing is stored per message.
 */
import type { Migration } from './database.js';
import { BY_INDEX } from './migration-6.js';

/**
 * The authors of at most so many messages are told of one delivery. A member who returns after a long time has received
 * more: the authors of older messages see it when they request the receipts.
 */
const MAX_ANNOUNCED = 1_000;

export const DELIVERY: Migration = {
  id: 14,
  name: 'delivery receipts; hidden receipts',
  statements: [
    [
      // The furthest message that a device of the member has confirmed. Reading includes delivery, and does not change it.
      `alter table members add column delivered_up_to int not null default 0,
        add column delivered_time timestamptz not null default '-infinity'`,
    ],
    [`alter table users add column hides_receipts boolean not null default false`],
    [
      // As in migration 11. Receipts are hidden from both sides: those of a user who hides them, and those of others for
      // this user. Whether the viewer has read a message of another user is no receipt, and takes one row of members.
      `create or replace function is_read(room int, message int, at timestamptz, sender int, viewer int) returns boolean
        language plpgsql stable as $$
        begin
          if sender <> viewer then
            return exists (
              select 1 from members o where o.room_id = room and o.user_id = viewer
                and ((o.read_time, o.read_up_to) >= (at, message)
                  or exists (select 1 from reads r where r.message_id = message and r.user_id = viewer)));
          end if;
          return exists (
            select 1 from members o where o.room_id = room and o.user_id <> sender
              and ((o.read_time, o.read_up_to) >= (at, message) or (o.receipt_time, o.receipt_up_to) >= (at, message)
                or exists (select 1 from reads r where r.message_id = message and r.user_id = o.user_id))
              and not exists (select 1 from users u where u.id in (o.user_id, viewer) and u.hides_receipts));
        end $$`,
      // Those of some authors who may learn what a member has read or received.
      `create function receipt_recipients(member int, authors int[]) returns int[] language plpgsql stable
        ${BY_INDEX} as $$ begin return array(
        select u.id from users u where u.id = any(authors) and not u.hides_receipts
          and not (select me.hides_receipts from users me where me.id = member)); end $$`,
      // A device of a member has received everything up to a message. "up_to" is null if that was known, and "authors" are
      // those who may learn it.
      `create function mark_delivered(room int, viewer int, asked int, out is_member boolean, out is_known boolean,
          out up_to int, out authors int[]) language plpgsql
        ${BY_INDEX} as $$
        declare
          me record;
          target record;
          known record;
        begin
          authors := '{}';
          select o.* into me from members o join rooms r on r.id = o.room_id and r.is_active
            where o.room_id = room and o.user_id = viewer for update of o;
          is_member := found;
          if not found then return; end if;
          select m.created_at, m.id into target from messages m where m.id = asked and m.room_id = room;
          is_known := found;
          if not found then return; end if;
          select f.at, f.id into known from (values (me.delivered_time, me.delivered_up_to),
            (me.read_time, me.read_up_to), (me.receipt_time, me.receipt_up_to)) f (at, id)
            order by f.at desc, f.id desc limit 1;
          if (target.created_at, target.id) <= (known.at, known.id) then return; end if;
          update members o set delivered_time = target.created_at, delivered_up_to = target.id
            where o.room_id = room and o.user_id = viewer;
          up_to := target.id;
          authors := receipt_recipients(viewer, array(
            select distinct m.sender_id from (
              select e.sender_id from messages e
              where e.room_id = room and (e.created_at, e.id) > (known.at, known.id)
                and (e.created_at, e.id) <= (target.created_at, target.id)
              order by e.created_at desc, e.id desc limit ${MAX_ANNOUNCED}) m
            where m.sender_id <> viewer));
        end $$`,
    ],
  ],
};
