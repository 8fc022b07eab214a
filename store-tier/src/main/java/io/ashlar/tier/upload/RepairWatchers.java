package io.ashlar.tier.upload;

import io.ashlar.tier.LossListener;
import io.ashlar.tier.TierProgress;

/**
 * The callbacks of a repair; both are called on the agent's thread.
 *
 * @param progress told how many batches are read.
 * @param losses told what is lost.
 */
public record RepairWatchers(TierProgress progress, LossListener losses) {}
