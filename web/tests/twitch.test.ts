import { describe, expect, it } from 'vitest';
import { anonymized, countdown, covers, formOf, hasFields, initials, linkOf } from '../src/pages/twitch/twitch';

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
});
