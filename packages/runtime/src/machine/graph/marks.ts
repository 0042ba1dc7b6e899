/** Names of the small facts that a graph run keeps besides its records. Node ids hold no line break. */

/** The activation that collects a group of a node. */
export function groupMark(node: string, group: string): string {
  return `group\n${node}\n${group}`;
}

/** How many messages of a join that has fired are still to come. */
export function lateMark(node: string, group: string): string {
  return `late\n${node}\n${group}`;
}

/** The `seq` that a stream goes on with at a node. */
export function streamMark(node: string, stream: string): string {
  return `stream\n${node}\n${stream}`;
}

/** How many nodes still have to take a message that was a dead letter and was sent again: that their stream is past it is no reason to refuse it. */
export function againMark(message: number): string {
  return `again\n${message}`;
}

/** A dead letter that was not replayed. */
export function letterMark(letter: number): string {
  return `letter\n${letter}`;
}
