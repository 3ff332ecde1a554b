//! Running a transaction again when another one got in its way.

use std::time::Duration;

use world::World;

/// Runs of one operation.
pub(crate) const MAX_TRIES: usize = 20;

/// The longest rest after the first conflict; it grows with each.
const REST: Duration = Duration::from_millis(2);

/// Rests a random while, so that those who collided do not do so again.
pub(crate) async fn rest(world: &World, tries: usize) {
    let [share] = world.random_bytes::<1>();
    let longest = REST.saturating_mul(u32::try_from(tries).unwrap_or(1));
    tokio::time::sleep(longest.mul_f32(f32::from(share) / 255.0)).await;
}
