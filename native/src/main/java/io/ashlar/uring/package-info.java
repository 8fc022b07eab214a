/** Placeholder. */
@NullMarked
package io.ashlar.uring;

import org.jspecify.annotations.NullMarked;
