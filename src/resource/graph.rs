//! Walks over dependencies: reach, order and circles.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::address::Address;

/// The nodes that a walk reaches, each with a shortest path.
///
/// Of two paths of the same length, the one by smaller nodes wins, so the same input gives the same paths.
#[derive(Debug, Clone)]
pub struct Reach<N> {
    /// The previous node on the path to each node. A start node has itself.
    back: BTreeMap<N, N>,
}

impl<N: Copy + Ord> Reach<N> {
    /// Walks from the nodes `from`. `next` returns the nodes that a node leads to.
    pub fn new<I: IntoIterator<Item = N>>(from: impl IntoIterator<Item = N>, next: impl Fn(N) -> I) -> Self {
        let mut back: BTreeMap<N, N> = from.into_iter().map(|it| (it, it)).collect();
        let mut frontier: Vec<N> = back.keys().copied().collect();
        while !frontier.is_empty() {
            let mut reached = Vec::new();
            for at in frontier {
                for to in next(at) {
                    back.entry(to).or_insert_with(|| {
                        reached.push(to);
                        at
                    });
                }
            }
            reached.sort_unstable();
            frontier = reached;
        }
        Self { back }
    }

    /// Says whether the walk reached `node` or started there.
    pub fn contains(&self, node: N) -> bool {
        self.back.contains_key(&node)
    }

    /// Returns all nodes of the walk, with its start nodes, in order.
    pub fn nodes(&self) -> impl Iterator<Item = N> {
        self.back.keys().copied()
    }

    /// Returns the path from `node` back to a start node, or `None` when the walk did not reach it.
    pub fn path(&self, node: N) -> Option<Vec<N>> {
        let mut path = vec![*self.back.get_key_value(&node)?.0];
        let mut at = node;
        while let Some(next) = self.back.get(&at).copied().filter(|it| *it != at) {
            path.push(next);
            at = next;
        }
        Some(path)
    }
}

/// Returns the dependents of each address, from the dependencies of each.
pub fn dependents<'a>(
    edges: impl IntoIterator<Item = (&'a Address, &'a [Address])>,
) -> BTreeMap<&'a Address, Vec<&'a Address>> {
    let mut dependents: BTreeMap<&Address, Vec<&Address>> = BTreeMap::new();
    for (address, depends_on) in edges {
        depends_on.iter().for_each(|it| dependents.entry(it).or_default().push(address));
    }
    dependents
}

/// Returns the numbers below `count`, each after those that it `needs`, and the smaller first where that leaves a
/// choice. Numbers that are in a circle, or need one that is, come last.
pub fn order<I: IntoIterator<Item = usize>>(count: usize, needs: impl Fn(usize) -> I) -> Vec<usize> {
    let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); count];
    let mut open = vec![0_usize; count];
    for (at, open) in open.iter_mut().enumerate() {
        for needed in needs(at).into_iter().filter(|it| *it != at) {
            needed_by[needed].push(at);
            *open += 1;
        }
    }
    let mut ready: BTreeSet<usize> = (0..count).filter(|it| open[*it] == 0).collect();
    let mut ordered = Vec::with_capacity(count);
    while let Some(at) = ready.pop_first() {
        for reader in &needed_by[at] {
            open[*reader] -= 1;
            if open[*reader] == 0 {
                ready.insert(*reader);
            }
        }
        ordered.push(at);
    }
    ordered.extend((0..count).filter(|it| open[*it] > 0));
    ordered
}

/// Returns the circles among the numbers below `count`, each once and whole. `next` returns where a number leads.
pub fn circles<I: IntoIterator<Item = usize>>(count: usize, next: impl Fn(usize) -> I) -> Vec<Vec<usize>> {
    let mut circles = Vec::new();
    let mut seen = vec![false; count];
    for start in 0..count {
        // Depth first: `way` holds the path, with the nodes ahead of each. Meeting a node of the path closes a circle.
        let mut way: Vec<(usize, Vec<usize>)> = Vec::new();
        let mut position: HashMap<usize, usize> = HashMap::new();
        let mut enter = |at: usize, way: &mut Vec<(usize, Vec<usize>)>, position: &mut HashMap<usize, usize>| {
            if !std::mem::replace(&mut seen[at], true) {
                position.insert(at, way.len());
                way.push((at, next(at).into_iter().collect()));
            }
        };
        enter(start, &mut way, &mut position);
        while let Some((_, ahead)) = way.last_mut() {
            match ahead.pop() {
                Some(at) => match position.get(&at) {
                    Some(first) => circles.push(way[*first..].iter().map(|it| it.0).collect()),
                    None => enter(at, &mut way, &mut position),
                },
                None => {
                    if let Some((left, _)) = way.pop() {
                        position.remove(&left);
                    }
                }
            }
        }
    }
    circles
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0 → 1 → 3 → 4, 0 → 2 → 3, and 5 → 6 → 5.
    const EDGES: [&[usize]; 7] = [&[1, 2], &[3], &[3], &[4], &[], &[6], &[5]];

    fn next(at: usize) -> impl Iterator<Item = usize> {
        EDGES[at].iter().copied()
    }

    #[test]
    fn a_way_is_shortest_and_by_the_smaller_nodes() {
        let reach = Reach::new([0], next);
        assert_eq!(reach.nodes().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
        assert_eq!(reach.path(4), Some(vec![4, 3, 1, 0]));
        assert_eq!(reach.path(0), Some(vec![0]));
        assert_eq!(reach.path(5), None);
        assert_eq!(Reach::new([2, 0], next).path(4), Some(vec![4, 3, 2]));
        assert!(Reach::new([5], next).contains(6) && !Reach::new([1], next).contains(2));
    }

    #[test]
    fn what_is_needed_comes_first_and_circles_last() {
        assert_eq!(order(7, next), [4, 3, 1, 2, 0, 5, 6]);
        assert_eq!(order(3, |_| []), [0, 1, 2]);
    }

    #[test]
    fn each_circle_is_found_once() {
        assert_eq!(circles(7, next), [[5, 6]]);
        assert_eq!(circles(1, |_| [0]), [[0]]);
        assert_eq!(circles(3, |at| (at < 2).then_some(at + 1)), Vec::<Vec<usize>>::new());
    }
}
