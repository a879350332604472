import { describe, expect, it } from 'vitest';
import { say } from '../src/pages/twitch/saying';
import { anonymized, countdown, covers, formOf, hasFields, initials, linkOf, type Notification, type Topic } from '../src/pages/twitch/twitch';

describe('the Twitch page', () => {
  it('stands letters for a picture', () => {
    for (const [name, letters] of [['Pixel_Panda', 'PP'], ['TeaTimeTom', 'TT'], ['robin', 'R'], ['  ', ''], ['🦉🦉', ''], ['日本', '日'], ['7of9', '7']]) {
      expect(initials(name as string)).toBe(letters);
    }
  });

  it('counts down to nothing, and not below', () => {
    expect([600_000, 61_000, 59_001, 1, 0, -5_000].map(countdown)).toEqual(['10:00', '1:01', '1:00', '0:01', '0:00', '0:00']);
  });

  it('leads to pages of the web alone', () => {
    expect(linkOf('https://www.twitch.tv/activate')).toBe('https://www.twitch.tv/activate');
    for (const text of ['javascript:alert(1)', 'data:text/html,x', '//evil', '']) expect(linkOf(text)).toBeNull();
  });

  it('knows that who may manage may read', () => {
    expect(covers(['moderator:manage:warnings'], 'moderator:read:warnings')).toBe(true);
    expect(covers(['moderator:read:warnings'], 'moderator:manage:warnings')).toBe(false);
  });

  it('asks in a form for what is simple and does not follow from something else', () => {
    const form = formOf(
      {
        id: '1',
        user_id: '2',
        user_login: 'pixel_panda',
        user_name: 'Pixel_Panda',
        broadcaster_user_name: 'Robin',
        tier: 'Prime',
        is_gift: false,
        streak_months: 4,
        share: 0.5,
        message: { text: 'hi', emotes: [] },
        reply: null,
        choices: [{ title: 'x' }],
        images: { image_id: 'x' },
        started_at: '2026-05-01T17:00:00Z',
      },
      { user_name: 'Viewer' },
    );
    const shown = Object.entries(form.properties ?? {}).filter(([, part]) => typeof part === 'object' && !part.readOnly);
    expect(Object.fromEntries(shown)).toMatchObject({
      user_name: { type: 'string', title: 'Viewer' },
      tier: { enum: ['1000', '2000', '3000', 'Prime'] },
      is_gift: { type: 'boolean', title: 'Is gift' },
      streak_months: { type: 'integer' },
      share: { type: 'number' },
      message: { type: 'object', properties: { text: { type: 'string' }, emotes: { readOnly: true } } },
    });
    expect(shown).toHaveLength(6);
    expect(hasFields(formOf({ id: '1', ended_at: 'x' }, {}))).toBe(false);
  });

  it('names nobody where somebody is anonymous, unless a name was given', () => {
    expect(anonymized({ total: 2 })).toEqual({ total: 2 });
    expect(anonymized({ is_anonymous: true })).toEqual({ is_anonymous: true, user_id: null, user_login: null, user_name: null });
    expect(anonymized({ is_anonymous: true, user_name: 'Ada' })['user_name']).toBe('Ada');
  });

  it('says what a notification tells, not another thing that its topic may become', () => {
    const said = (type: string, event: Record<string, unknown>, events: string[]) => {
      const topic = { topic: type, summary: 'Chat shows a notice', events: events.map((name) => `Twitch.${name}`) };
      return say({ subscription: { type }, event } as unknown as Notification, topic as Topic);
    };
    const chat = { chatter_user_name: 'Ada', message: { text: '!cat', fragments: [] } };
    expect(said('channel.chat.message', chat, ['ChatMessage', 'Cheer'])).toEqual({ name: 'Ada', what: '', message: '!cat' });
    const subscription = { user_name: 'Ada', tier: '1000', is_gift: false };
    expect(said('channel.subscribe', subscription, ['Sub', 'GiftSub'])).toMatchObject({ name: 'Ada', what: 'subscribed' });
    const gifts = { user_name: 'Ada', total: 5, tier: '1000' };
    expect(said('channel.subscription.gift', gifts, ['GiftSub', 'GiftBomb']).what).toBe('gave 5 subscriptions away');
    const notice = { chatter_user_name: 'Ada', message: { text: '' }, system_message: 'Ada is back' };
    expect(said('channel.chat.notification', notice, ['Sub', 'Other'])).toMatchObject({ what: 'Chat shows a notice: Ada', message: 'Ada is back' });
    const ban = { user_name: 'Ada', is_permanent: true, banned_at: '2026-05-01T17:00:00Z', ends_at: null };
    const ends = ['UserBanned', 'UserTimedOut'];
    expect(said('channel.ban', ban, ends).what).toBe('was banned');
    const timeout = { ...ban, is_permanent: false, ends_at: '2026-05-01T17:10:00Z' };
    expect(said('channel.ban', timeout, ends).what).toBe('was timed out for 600 s');
    const whisper = { from_user_name: 'Ada', whisper: { text: 'psst' } };
    expect(said('user.whisper.message', whisper, ['Whisper'])).toEqual({ name: 'Ada', what: '', message: 'psst' });
  });
});
