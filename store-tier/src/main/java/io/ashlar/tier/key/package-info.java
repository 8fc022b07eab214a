/**
 * The keys that frames are encrypted with.
 *
 * <ol>
 *   <li><b>What enters and leaves.</b> Key bytes enter from a caller or a {@link
 *       io.ashlar.tier.key.KeyFile}; ciphers leave.
 *   <li><b>Which thread owns what.</b> Keys and rings are immutable; any thread may use them. An
 *       application's own {@link io.ashlar.tier.key.FrameKeys} must serve any thread.
 *   <li><b>Who frees memory.</b> There is only the heap. A key stays there until it is garbage.
 *   <li><b>What is thrown.</b> {@link java.lang.IllegalArgumentException} for bytes that are no
 *       key, without repeating them; {@link java.io.IOException} for a key file that cannot be
 *       read.
 *   <li><b>What is forbidden.</b> Handing out, printing or serialising a secret; using an id for a
 *       second key.
 * </ol>
 */
@NullMarked
package io.ashlar.tier.key;

import org.jspecify.annotations.NullMarked;
