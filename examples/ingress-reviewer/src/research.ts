/**
 * A workflow in classes: the agents are methods, and the workflow is the class that calls them. Its body is read and
 * never run; each call of an agent is a node, and what one agent gives to another is an edge.
 */
import { agent, workflow } from "@heddle/compiler/authoring";

const TOPIC = workflow.input("topic", { default: "electric vehicle charging adoption" });

interface ResearchRequest {
  messageType: string;
  topic: string;
  text: string;
  summary?: string;
}

interface Review {
  status: string;
  summary: string | null;
}

export class ResearchAgents {
  @agent.defn({
    name: "ingress",
    type: "map",
    runner: "host-local",
    retries: { maxAttempts: 2, backoffMs: 250 },
    backpressure: { maxQueueDepth: 20 },
  })
  ingress(topic: string): ResearchRequest {
    return { messageType: "research_request", topic, text: "Collect a short research summary." };
  }

  @agent.defn({ name: "reviewer", type: "reduce" })
  reviewer(result: ResearchRequest): Review {
    return { status: "saved", summary: result.summary ?? null };
  }
}

@workflow.defn({ name: "marketing_research_flow_v1", recoveryMode: "local_restart" })
export default class MarketingResearchFlow {
  agents = new ResearchAgents();

  @workflow.run
  run(): Review {
    const request = this.agents.ingress(TOPIC);
    return this.agents.reviewer(request);
  }
}
