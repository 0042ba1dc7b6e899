/** What the daemon and a plugin that it calls back know of each other on the way. */

/**
 * The name of the metadata by which the daemon shows a plugin that it is called back by whom it registered
 * with: its value is the instance that the plugin registered under, which nobody else knows.
 */
export const pluginInstanceMetadata = "heddle-plugin-instance";

/** The name of a task that is no action: it asks a plugin whether it can do its work. No action can have this name. */
export const healthAction = "$health";
