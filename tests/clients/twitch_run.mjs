// @twurple at a fake Twitch, whose port is in TWURPLE_MOCK_API_PORT: logs what it does as lines of JSON, and takes
// orders as lines on its standard input.
//
//   node twitch_run.mjs '{"clientId":…,"clientSecret":…,"owner":id,"bot":id,"tokens":[{accessToken,refreshToken,…},…]}'

import { createInterface } from "node:readline";
import { ApiClient } from "@twurple/api";
import { RefreshingAuthProvider } from "@twurple/auth";
import { EventSubWsListener } from "@twurple/eventsub-ws";

const options = JSON.parse(process.argv[2]);
const tell = (what, detail = null) => process.stdout.write(JSON.stringify([what, detail]) + "\n");

const authProvider = new RefreshingAuthProvider({ clientId: options.clientId, clientSecret: options.clientSecret });
authProvider.onRefresh((userId) => tell("refreshed", userId));
for (const token of options.tokens) {
  await authProvider.addUserForToken(token, ["chat"]);
}
const api = new ApiClient({ authProvider, logger: { minLevel: "CRITICAL" } });
const listener = new EventSubWsListener({ apiClient: api, logger: { minLevel: "CRITICAL" } });
listener.onUserSocketConnect((userId) => tell("connected", userId));
listener.onUserSocketDisconnect((userId) => tell("disconnected", userId));
listener.onSubscriptionCreateSuccess((subscription) => tell("subscribed", subscription.id));
listener.onSubscriptionCreateFailure((subscription, error) => tell("refused", [subscription.id, error.message]));
listener.onRevoke((subscription, status) => tell("revoked", status));

const { owner, bot } = options;
const hear = (name, pick) => (event) => tell(name, pick(event));
const topics = {
  follow: () => listener.onChannelFollow(owner, owner, hear("follow", (e) => e.userName)),
  message: () =>
    listener.onChannelChatMessage(owner, bot, hear("message", (e) => [e.chatterName, e.messageText, e.parentMessageId])),
  update: () => listener.onChannelUpdate(owner, hear("update", (e) => [e.streamTitle, e.categoryName])),
  online: () => listener.onStreamOnline(owner, hear("online", (e) => e.type)),
  subscribe: () => listener.onChannelSubscription(owner, hear("subscribe", (e) => [e.userName, e.tier])),
  gift: () => listener.onChannelSubscriptionGift(owner, hear("gift", (e) => [e.gifterName, e.amount])),
  resub: () => listener.onChannelSubscriptionMessage(owner, hear("resub", (e) => [e.cumulativeMonths, e.messageText])),
  cheer: () => listener.onChannelCheer(owner, hear("cheer", (e) => e.bits)),
  raid: () => listener.onChannelRaidTo(owner, hear("raid", (e) => e.viewers)),
  redemption: () =>
    listener.onChannelRedemptionAdd(owner, hear("redemption", (e) => [e.rewardTitle, e.input, e.redemptionDate])),
  poll: () => listener.onChannelPollEnd(owner, hear("poll", (e) => e.choices.map((choice) => choice.totalVotes))),
  prediction: () => listener.onChannelPredictionEnd(owner, hear("prediction", (e) => e.winningOutcome?.title)),
  train: () => listener.onChannelHypeTrainEndV2(owner, hear("train", (e) => [e.level, e.total])),
  notification: () => listener.onChannelChatNotification(owner, bot, hear("notification", (e) => e.type)),
  moderate: () => listener.onChannelModerate(owner, owner, hear("moderate", (e) => e.moderationAction)),
  ban: () => listener.onChannelBan(owner, hear("ban", (e) => [e.userName, e.reason])),
  shoutout: () => listener.onChannelShoutoutCreate(owner, owner, hear("shoutout", (e) => e.shoutedOutBroadcasterName)),
  ads: () => listener.onChannelAdBreakBegin(owner, hear("ads", (e) => e.durationSeconds)),
  whisper: () => listener.onUserWhisperMessage(owner, hear("whisper", (e) => e.messageText)),
  automatic: () =>
    listener.onChannelAutomaticRewardRedemptionAddV2(owner, hear("automatic", (e) => [e.reward.type, e.messageText])),
};

const orders = {
  listen: (names) => {
    for (const name of names ?? Object.keys(topics)) topics[name]();
    listener.start();
    return Object.keys(topics);
  },
  user: async (name) => (await api.users.getUserByName(name))?.displayName ?? null,
  chatters: async () => (await api.chat.getChattersPaginated(owner).getAll()).map((chatter) => chatter.userName),
  say: sent,
  stream: async () => (await api.streams.getStreamByUserName("strimertul"))?.viewers ?? null,
  reward: async (title) => (await api.channelPoints.createCustomReward(owner, { title, cost: 300 })).id,
  poll: async (title) => (await api.polls.createPoll(owner, { title, choices: ["A", "B"], duration: 60 })).choices.length,
  update: async (title) => api.channels.updateChannelInfo(owner, { title }),
  followers: async () => (await api.channels.getChannelFollowers(owner)).total,
  subscriptions: async () =>
    api.asUser(owner, async (mine) => (await mine.eventSub.getSubscriptions()).data.map((one) => one.type)),
};

async function sent(text) {
  try {
    const message = await api.asUser(bot, (mine) => mine.chat.sendChatMessage(owner, text));
    return [true, message.id];
  } catch (error) {
    return [false, error.message];
  }
}

tell("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [order, argument] = JSON.parse(line);
  try {
    tell("done", (await orders[order](argument ?? undefined)) ?? null);
  } catch (error) {
    tell("failed", [error.constructor.name, error.statusCode ?? null, error.message]);
  }
}
listener.stop();
process.exit(0);
