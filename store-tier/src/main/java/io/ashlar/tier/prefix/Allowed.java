package io.ashlar.tier.prefix;

/**
 * What the caller allows an opening to do.
 *
 * @param adopt whether to take over a prefix that another store wrote.
 * @param mixedEncryption whether the prefix may hold batches that are encrypted and batches that
 *     are not.
 */
public record Allowed(boolean adopt, boolean mixedEncryption) {}
